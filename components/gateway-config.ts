/** What the gateway's configuration follows from. */
export interface GatewayConfigArgs {
  /** Full hostnames; `*.name` for a wildcard. */
  readonly hostnames: readonly string[];
  readonly maxBodyMiB: number;
}

/** Ports inside the environment's networks. */
export const GATEWAY_PORT = 8443;
export const HEALTH_PORT = 8081;
export const APPLICATION_PORT = 8000;
export const STATIC_PORT = 8080;

/**
 * The gateway's nginx configuration: TLS for the hostnames and for no other, `/static/` and `/media/` to the static file
 * service, everything else to the application.
 *
 * It names upstreams by variables, so that nginx asks Docker's DNS again each second and follows the tasks of a rollout;
 * a request that found a task gone is given to the next one.
 */
export function gatewayConfig({ hostnames, maxBodyMiB }: GatewayConfigArgs): string {
  return `worker_processes auto;
pid /tmp/nginx.pid;
error_log /dev/stderr warn;
events { worker_connections 4096; }
http {
  include /etc/nginx/mime.types;
  default_type application/octet-stream;
  client_body_temp_path /tmp/client_body;
  proxy_temp_path /tmp/proxy;
  fastcgi_temp_path /tmp/fastcgi;
  uwsgi_temp_path /tmp/uwsgi;
  scgi_temp_path /tmp/scgi;
  server_tokens off;
  sendfile on;
  keepalive_timeout 65;
  client_max_body_size ${maxBodyMiB}m;
  log_format json escape=json '{"time":"$time_iso8601","host":"$host","method":"$request_method","path":"$uri",'
    '"status":$status,"bytes":$body_bytes_sent,"seconds":$request_time,"upstream":"$upstream_addr",'
    '"upstream_status":"$upstream_status","request":"$request_id"}';
  access_log /dev/stdout json;

  resolver 127.0.0.11 valid=1s ipv6=off;
  resolver_timeout 2s;
  proxy_http_version 1.1;
  proxy_set_header Connection "";
  proxy_set_header Host $http_host;
  proxy_set_header X-Forwarded-For $remote_addr;
  proxy_set_header X-Forwarded-Host $http_host;
  proxy_set_header X-Forwarded-Proto https;
  proxy_set_header X-Request-ID $request_id;
  proxy_connect_timeout 1s;
  proxy_next_upstream_tries 4;

  ssl_certificate /run/secrets/tls.crt;
  ssl_certificate_key /run/secrets/tls.key;
  ssl_protocols TLSv1.2 TLSv1.3;
  ssl_session_cache shared:tls:10m;
  ssl_session_timeout 1d;
  ssl_session_tickets off;

  server {
    listen ${GATEWAY_PORT} ssl default_server;
    server_name _;
    ssl_reject_handshake on;
  }

  server {
    listen ${GATEWAY_PORT} ssl;
    http2 on;
    server_name ${hostnames.join(" ")};
    set $application http://application:${APPLICATION_PORT};
    set $static http://static:${STATIC_PORT};

    location ^~ /static/.releases/ { return 404; }
    location ^~ /static/ {
      # On another node a task may not have the files of a new release yet.
      proxy_next_upstream error timeout http_404 http_502 http_503;
      proxy_pass $static;
    }
    location ^~ /media/ {
      proxy_next_upstream error timeout http_502 http_503;
      proxy_pass $static;
    }
    location / {
      proxy_next_upstream error timeout http_502;
      proxy_read_timeout 60s;
      proxy_pass $application;
    }
  }

  server {
    listen 127.0.0.1:${HEALTH_PORT};
    access_log off;
    location = /healthz { return 200 "alive\\n"; }
  }
}
`;
}
