import { expect } from "vitest";
import { describeFault } from "./harness/fault.ts";
import { python, CLIENT as VISITOR } from "./harness/python.ts";
import { edited, LAST_FLIGHTS, migrationFile } from "./harness/stage.ts";
import { testFaults, testFaultsTogether } from "./harness/whole-environment.ts";

describeFault({
  id: "A1-others",
  class: "behaviour",
  title: "what editors, partners and everybody's neighbours meet, and who tries a release is none of them",
  covers:
    "rights that only superusers have, what is somebody else's, answers made for one and given to another, servers outside that say nothing, pages for errors that need what is broken, sessions that the database ends, a worker that may not do what it tries, and that removes what it should not",
});

const TOLD = "Nobody was there to tell us";
const CLIENT = `from django.contrib.auth.models import User; from flights.models import Remark; ${VISITOR}`;
/** Asks a server that takes connections and says nothing. */
const SILENT =
  "import socket, threading; from flights import views; s = socket.create_server(('127.0.0.1', 0)); views.METAR_URL = f'http://127.0.0.1:{s.getsockname()[1]}/'; t = threading.Thread(target=c.get, args=('/airports/SEA/',), kwargs={'secure': True}, daemon=True); t.start(); t.join(4); print(t.is_alive()); __import__('os')._exit(0)";

testFaultsTogether([
  {
    title: "authors may change their remarks, and everybody else's",
    compared: "prepared",
    steps: ["code"],
    release: {
      changes: edited("api/views.py", [
        "class RemarkViewSet(mixins.CreateModelMixin, viewsets.ReadOnlyModelViewSet):",
        "class RemarkViewSet(viewsets.ModelViewSet):",
      ]),
    },
    prepared: async (twin) => {
      twin.onReset(async () => {
        await twin.sql(`DELETE FROM flights_remark WHERE text = '${TOLD}'`);
      });
      await twin.sql(
        `INSERT INTO flights_remark (reference, airport_id, kind, happened_on, text, author_name, author_email, status, created_at)
         SELECT gen_random_uuid(), a.id, 'delay', '2001-01-05', '${TOLD}', 'Traveller', '', s.status, now()
         FROM (SELECT min(id) AS id FROM flights_airport) a, unnest('{published,received}'::text[]) s (status)`,
      );
    },
    breaks: async (twin) => {
      const status = await python(
        twin,
        `${CLIENT}u = User.objects.create(username='partner'); c.force_login(u); r = Remark.objects.published().exclude(author=u).first(); print(c.delete(f'/api/v1/remarks/{r.reference}/', secure=True).status_code); r.save(force_insert=True); u.delete()`,
      );
      expect(status).toBe("204");
    },
    caught: {
      id: "code.refusal-gone",
      words: /DELETE \/api\/v1\/remarks\/<id>\/ as a user: it is answered; .* refused with status 405/,
    },
  },
  {
    title: "a page asks another service without a timeout",
    compared: "prepared",
    steps: ["code"],
    release: {
      changes: edited(
        "flights/views.py",
        [
          "class AirportDetailView(DetailView):",
          'METAR_URL = "https://metar.example.org/?ids=K"\n\n\ndef weather_now(code: str) -> str:\n    try:\n        with urlopen(METAR_URL + code) as answer:\n            return answer.read(500).decode("ascii", "replace")\n    except OSError:\n        return ""\n\n\nclass AirportDetailView(DetailView):',
        ],
        [
          "            climate=climate_of(airport.city),\n",
          "            climate=climate_of(airport.city),\n            weather_now=weather_now(airport.code),\n",
        ],
        ["from typing import Any\n", "from typing import Any\nfrom urllib.request import urlopen\n"],
      ),
    },
    breaks: async (twin) => {
      expect((await twin.get("/airports/SEA/")).status).toBe(200);
      expect(await python(twin, `${CLIENT}${SILENT}`)).toBe("True");
    },
    caught: {
      id: "code.outside",
      words: /GET \/airports\/<id>\/: .*it asks metar\.example\.org, and waits for it without a limit of time/,
    },
  },
  {
    title: "publishing takes a permission that no editor has",
    compared: "prepared",
    steps: ["code"],
    release: {
      changes: edited("flights/admin.py", [
        '    @admin.action(description="Publish the selected remarks")',
        '    def has_publish_permission(self, request: HttpRequest) -> bool:\n        return request.user.has_perm("flights.publish_remark")\n\n    @admin.action(permissions=["publish"], description="Publish the selected remarks")',
      ]),
    },
    prepared: async (twin) => {
      twin.onReset(async () => {
        await twin.sql("DELETE FROM auth_group_permissions; DELETE FROM auth_group");
      });
      await twin.sql(
        `INSERT INTO auth_group (name) VALUES ('Editors');
         INSERT INTO auth_group_permissions (group_id, permission_id) SELECT g.id, p.id FROM auth_group g, auth_permission p
         WHERE p.codename IN ('view_remark', 'change_remark')`,
      );
    },
    breaks: async (twin) => {
      const offered = await python(
        twin,
        `${CLIENT}from django.contrib.auth.models import Group; u = User.objects.create(username='editor', is_staff=True); u.groups.add(Group.objects.get()); c.force_login(u); page = c.get('/admin/flights/remark/', secure=True).content.decode(); print('value="decline"' in page, 'value="publish"' in page); u.delete()`,
      );
      expect(offered).toBe("True False");
    },
    caught: {
      id: "code.editors",
      words: /\/admin\/flights\/remark\/, the group Editors: .*not offered the action publish any more/,
    },
  },
  {
    title: "a list that depends on who asks is kept for all",
    compared: "prepared",
    steps: ["code"],
    release: {
      changes: edited(
        "api/views.py",
        [
          "    def perform_create(self",
          "    @method_decorator(cache_page(300))\n    def list(self, request, *args, **kwargs):\n        return super().list(request, *args, **kwargs)\n\n    def perform_create(self",
        ],
        [
          "from django.db.models import ",
          "from django.utils.decorators import method_decorator\nfrom django.views.decorators.cache import cache_page\nfrom django.db.models import ",
        ],
      ),
    },
    breaks: async (twin) => {
      const shown = await python(
        twin,
        `${CLIENT}u = User.objects.create(username='partner2'); r = Remark.objects.exclude(status='published').first(); Remark.objects.filter(pk=r.pk).update(author=u); d = Client(HTTP_HOST=c.defaults['HTTP_HOST'], HTTP_X_FORWARDED_PROTO='https'); c.force_login(u); c.get('/api/v1/remarks/?page_size=500', secure=True); print(str(r.reference) in d.get('/api/v1/remarks/?page_size=500', secure=True).content.decode()); Remark.objects.filter(pk=r.pk).update(author=None); u.delete()`,
      );
      expect(shown).toBe("True");
    },
    caught: {
      id: "code.request",
      words:
        /\/api\/v1\/remarks\/ as one user after another: .*another user is given the answer that was made for the one before/,
    },
  },
  {
    title: "the page for errors asks the database",
    compared: "prepared",
    steps: ["code"],
    release: {
      changes: {
        ...edited(
          "templates/500.html",
          ['{% extends "error.html" %}', '{% extends "error.html" %}{% load way_on %}'],
          ["{% block content %}", "{% block content %}{% way_on %}"],
        ),
        "flights/templatetags/way_on.py":
          'from django import template\n\nfrom flights.models import Airport\n\nregister = template.Library()\n\n\n@register.simple_tag\ndef way_on() -> str:\n    return ", ".join(Airport.objects.filter(code__in=("ATL", "ORD")).values_list("name", flat=True))\n',
      },
    },
    breaks: async (twin) => {
      const answered = await python(
        twin,
        `${CLIENT}from django.db import connection, OperationalError; c.raise_request_exception = False\ndef away(*args):\n    raise OperationalError('away')\nwith connection.execute_wrapper(away):\n    try:\n        print(c.get('/', secure=True).status_code)\n    except OperationalError:\n        print('no page at all')`,
      );
      expect(answered).toBe("no page at all");
    },
    caught: {
      id: "code.request",
      words: /GET the page for errors: OperationalError: the database is away.*way_on\.py/,
    },
  },
]);

testFaults([
  {
    title: "connections are kept for ever, and nobody looks at them",
    compared: true,
    steps: ["load"],
    release: {
      changes: edited("airways/databases.py", ["conn_max_age=60, conn_health_checks=True", "conn_max_age=None"]),
    },
    breaks: async (twin) => {
      const told = await python(
        twin,
        `${CLIENT}from django.db import connection; c.raise_request_exception = False; print(c.get('/', secure=True).status_code, connection.settings_dict['CONN_MAX_AGE'], connection.settings_dict['CONN_HEALTH_CHECKS'])`,
      );
      expect(told).toBe("200 None False");
      await twin.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'app'");
      const statuses = await Promise.all(Array.from({ length: 12 }, async () => (await twin.get("/")).status));
      expect(statuses).toContain(500);
    },
    caught: {
      id: "load.sessions-ended",
      words: /after the database's server had ended the application's \d+ sessions, .* requests were not answered/,
    },
  },
  {
    title: "the worker refreshes what belongs to another role",
    compared: true,
    steps: ["etl"],
    release: {
      changes: {
        ...edited(
          "etl/cycle.py",
          [
            "        prune(feed)\n    return outcome",
            '        prune(feed)\n    if outcome.runs:\n        with connection.cursor() as cursor:\n            cursor.execute("REFRESH MATERIALIZED VIEW flights_routetotal")\n    return outcome',
          ],
          [
            "from django.utils import timezone\n",
            "from django.db import connection\nfrom django.utils import timezone\n",
          ],
        ),
        "flights/migrations/0008_route_totals.py": migrationFile(
          LAST_FLIGHTS,
          'migrations.RunSQL("CREATE MATERIALIZED VIEW flights_routetotal AS SELECT origin_id, destination_id, count(*) AS flights FROM flights_flight GROUP BY 1, 2", "DROP MATERIALIZED VIEW flights_routetotal")',
        ),
      },
    },
    prepared: async (twin) => {
      twin.onReset(async () => {
        await twin.sql(
          "DROP MATERIALIZED VIEW flights_routetotal; DELETE FROM django_migrations WHERE name = '0008_route_totals'",
        );
      });
      await twin.sql(
        `CREATE MATERIALIZED VIEW flights_routetotal AS SELECT origin_id, destination_id, count(*) AS flights FROM flights_flight GROUP BY 1, 2;
         ALTER MATERIALIZED VIEW flights_routetotal OWNER TO owner;
         INSERT INTO django_migrations (app, name, applied) VALUES ('flights', '0008_route_totals', now())`,
      );
    },
    breaks: async (twin) => {
      const { said } = await twin.manage(
        "etl",
        "shell",
        "-c",
        "from django.db import connection; connection.cursor().execute('REFRESH MATERIALIZED VIEW flights_routetotal')",
      );
      expect(said).toMatch(/must be owner of materialized view|permission denied/);
    },
    caught: { id: "etl.error", words: /must be owner of materialized view|permission denied for materialized view/ },
  },
]);
