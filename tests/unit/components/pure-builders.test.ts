import * as pulumi from "@pulumi/pulumi";
import { describe, expect, it } from "vitest";
import { type DjangoProcess, djangoVariables, WAIT_SECONDS } from "../../../components/django-process.ts";
import { gatewayConfig } from "../../../components/gateway-config.ts";
import { serverParameters } from "../../../components/postgres-database.ts";

describe("the variables of a Django process", () => {
  const process: DjangoProcess = {
    release: "abc",
    settingsModule: "airways.settings",
    hostnames: ["shop.test", "www.shop.test", "*.tenants.shop.test"],
    gatewayPort: 8443,
    secretKey: pulumi.output("hidden"),
    environment: { LEVEL: "INFO" },
    secrets: { API_KEY: "hidden" },
  };

  it("are these and no other: what is secret is not among them", () => {
    expect(djangoVariables(process)).toEqual({
      LEVEL: "INFO",
      DJANGO_SETTINGS_MODULE: "airways.settings",
      DJANGO_DEBUG: "0",
      // Django writes a wildcard as a leading dot here …
      DJANGO_ALLOWED_HOSTS: "shop.test,www.shop.test,.tenants.shop.test",
      // … and as an asterisk here.
      DJANGO_CSRF_TRUSTED_ORIGINS: "https://shop.test:8443,https://www.shop.test:8443,https://*.tenants.shop.test:8443",
      STATIC_ROOT: "/srv/static",
      MEDIA_ROOT: "/srv/media",
      DATABASE_WAIT_SECONDS: "45",
      RELEASE: "abc",
    });
  });

  it("name origins without the port where it is the one of HTTPS", () => {
    const { DJANGO_CSRF_TRUSTED_ORIGINS: origins } = djangoVariables({ ...process, gatewayPort: 443 });
    expect(origins).toBe("https://shop.test,https://www.shop.test,https://*.tenants.shop.test");
  });

  it("bound waiting, so that a task that waits is given up by itself before the engine gives it up", () => {
    expect(WAIT_SECONDS.database + WAIT_SECONDS.staticFiles).toBeLessThan(WAIT_SECONDS.healthy);
  });

  it("cannot be turned off by the project's own", () => {
    const environment = { DJANGO_DEBUG: "1", RELEASE: "mine", STATIC_ROOT: "/tmp" };
    expect(djangoVariables({ ...process, environment })).toMatchObject({
      DJANGO_DEBUG: "0",
      RELEASE: "abc",
      STATIC_ROOT: "/srv/static",
    });
  });
});

describe("the parameters of the database's server", () => {
  it("follow from its memory and its connections", () => {
    expect(serverParameters({ memoryMiB: 1024, maxConnections: 100 })).toEqual([
      "max_connections=100",
      "shared_buffers=256MB",
      "effective_cache_size=768MB",
    ]);
    expect(serverParameters({ memoryMiB: 4095, maxConnections: 7 })).toEqual([
      "max_connections=7",
      "shared_buffers=1023MB",
      "effective_cache_size=3071MB",
    ]);
  });

  it("are what the server can start with when there is little memory", () => {
    expect(serverParameters({ memoryMiB: 32, maxConnections: 10 })).toEqual([
      "max_connections=10",
      "shared_buffers=16MB",
      "effective_cache_size=32MB",
    ]);
  });
});

describe("the gateway's configuration", () => {
  const config = gatewayConfig({ hostnames: ["shop.test", "*.tenants.shop.test"], maxBodyMiB: 25 });
  const lines = config.split("\n").map((line) => line.trim());

  /** The directives of the block that begins with a line. */
  function block(begin: string): string[] {
    const start = lines.indexOf(begin);
    expect(start, begin).toBeGreaterThan(-1);
    return lines.slice(start + 1, lines.indexOf("}", start));
  }

  it("serves the hostnames, and refuses the handshake of every other", () => {
    expect(lines.filter((line) => line.startsWith("server_name"))).toEqual([
      "server_name _;",
      "server_name shop.test *.tenants.shop.test;",
    ]);
    const fallback = lines.slice(lines.indexOf("listen 8443 ssl default_server;"));
    expect(fallback.indexOf("ssl_reject_handshake on;")).toBe(2);
  });

  it("listens for TLS alone, but for its own health", () => {
    expect(lines.filter((line) => line.startsWith("listen"))).toEqual([
      "listen 8443 ssl default_server;",
      "listen 8443 ssl;",
      "listen 127.0.0.1:8081;",
    ]);
    expect(lines).toContain("ssl_protocols TLSv1.2 TLSv1.3;");
  });

  it("sends static and media files to their service and everything else to the application", () => {
    expect(block("location ^~ /static/ {")).toContain("proxy_pass $static;");
    expect(block("location ^~ /media/ {")).toContain("proxy_pass $static;");
    expect(block("location / {")).toContain("proxy_pass $application;");
    expect(lines).toContain("set $application http://application:8000;");
    expect(lines).toContain("set $static http://static:8080;");
    expect(lines).toContain("location ^~ /static/.releases/ { return 404; }");
  });

  it("never repeats what may have been done: only requests that found no task go to the next one", () => {
    expect(lines.filter((line) => line.startsWith("proxy_next_upstream ")).join(" ")).not.toContain("non_idempotent");
    expect(block("location / {")).toContain("proxy_next_upstream error timeout http_502;");
  });

  it("overwrites what a visitor may claim about itself", () => {
    expect(lines.filter((line) => line.startsWith("proxy_set_header"))).toEqual([
      'proxy_set_header Connection "";',
      "proxy_set_header Host $http_host;",
      "proxy_set_header X-Forwarded-For $remote_addr;",
      "proxy_set_header X-Forwarded-Host $http_host;",
      "proxy_set_header X-Forwarded-Proto https;",
      "proxy_set_header X-Request-ID $request_id;",
    ]);
  });

  it("limits bodies, and follows the tasks of a rollout", () => {
    expect(lines).toContain("client_max_body_size 25m;");
    expect(lines).toContain("resolver 127.0.0.11 valid=1s ipv6=off;");
  });

  it("closes every block that it opens", () => {
    const count = (sign: string) => config.replace(/'[^']*'/g, "").split(sign).length;
    expect(count("{")).toBe(count("}"));
  });
});
