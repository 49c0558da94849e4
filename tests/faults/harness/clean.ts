import { type Changes, edited, LAST_FLIGHTS, migrationFile } from "./stage.ts";

/** A release that harms nobody. */
export interface CleanRelease {
  readonly what: string;
  readonly changes: Changes;
  /** What production's release differs in, where the release needs one before it. */
  readonly before?: Changes;
}

const MODELS = "flights/models.py";
const AIRPORT_FIELD = "    latitude = models.FloatField()\n";
const FLIGHT_INDEX =
  '            models.Index(fields=["destination", "departs_at"], name="flight_destination_departs_at"),\n';
const FLIGHT_CHECK =
  '            models.CheckConstraint(condition=Q(distance_miles__gt=0), name="flight_has_distance"),\n';
const PHOTO = '    photo = models.ImageField(upload_to="airports/", blank=True, default="", db_default="")\n';
const ALONE = "atomic = False";

const withoutPhoto: Changes = {
  ...edited(MODELS, [PHOTO, ""]),
  ...edited("api/serializers.py", ['"longitude", "photo")', '"longitude")']),
  ...edited("flights/templates/flights/airport_detail.html", [
    '{% if airport.photo %}<img class="photo" src="{{ airport.photo.url }}" alt="{{ airport.name }}">{% endif %}',
    "",
  ]),
  "flights/migrations/0008_photo_unused.py": migrationFile(
    LAST_FLIGHTS,
    'migrations.SeparateDatabaseAndState(state_operations=[migrations.RemoveField("airport", "photo")])',
  ),
};

const GATE_FIELDS = `
    ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
    ("name", models.CharField(max_length=10)),
    ("airport", models.ForeignKey("flights.airport", models.CASCADE, related_name="gates"))`;
const GATE_MODEL = `

class Gate(models.Model):
    name = models.CharField(max_length=10)
    airport = models.ForeignKey("flights.Airport", models.CASCADE, related_name="gates")
`;

/** Fills in batches, each committed by itself; what was done once is not done again. */
const FILL = `
def fill(apps, schema_editor):
    flights = apps.get_model("flights", "Flight").objects
    while True:
        keys = list(flights.filter(delay_minutes__isnull=True).values_list("pk", flat=True)[:2000])
        if not keys:
            return
        flights.filter(pk__in=keys).update(delay_minutes=0)

`;

/** Releases of many kinds, each made as the textbook says. */
export const CLEAN_RELEASES: readonly CleanRelease[] = [
  {
    what: "a nullable column",
    changes: {
      ...edited(MODELS, [
        AIRPORT_FIELD,
        `    elevation_feet = models.IntegerField(null=True, blank=True)\n${AIRPORT_FIELD}`,
      ]),
      "flights/migrations/0008_elevation.py": migrationFile(
        LAST_FLIGHTS,
        'migrations.AddField("airport", "elevation_feet", models.IntegerField(null=True, blank=True))',
      ),
    },
  },
  {
    what: "a column with a default in the database, on a big table",
    changes: {
      ...edited(MODELS, [
        "    distance_miles = ",
        "    seats = models.PositiveIntegerField(default=0, db_default=0)\n    distance_miles = ",
      ]),
      "flights/migrations/0008_seats.py": migrationFile(
        LAST_FLIGHTS,
        'migrations.AddField("flight", "seats", models.PositiveIntegerField(default=0, db_default=0))',
      ),
    },
  },
  {
    what: "an index that is built concurrently on a big table",
    changes: {
      ...edited(MODELS, [
        FLIGHT_INDEX,
        `${FLIGHT_INDEX}            models.Index(fields=["delay_minutes"], name="flight_delay"),\n`,
      ]),
      "flights/migrations/0008_delay_index.py": migrationFile(
        LAST_FLIGHTS,
        'AddIndexConcurrently("flight", models.Index(fields=["delay_minutes"], name="flight_delay"))',
        ALONE,
      ),
    },
  },
  {
    what: "a new table with a foreign key to one that is there",
    changes: {
      [MODELS]: `${edited(MODELS)[MODELS] ?? ""}${GATE_MODEL}`,
      "flights/migrations/0008_gate.py": migrationFile(
        LAST_FLIGHTS,
        `migrations.CreateModel("Gate", fields=[${GATE_FIELDS}])`,
      ),
    },
  },
  {
    what: "the expand step of a rename: a new column that the new code writes beside the old one",
    changes: {
      ...edited(
        MODELS,
        [
          AIRPORT_FIELD,
          `    title = models.CharField(max_length=120, blank=True, default="", db_default="")\n${AIRPORT_FIELD}`,
        ],
        [
          '    def get_absolute_url(self) -> str:\n        return reverse("airport"',
          "    def save(self, *args, **kwargs):\n        self.title = self.name\n        super().save(*args, **kwargs)\n\n" +
            '    def get_absolute_url(self) -> str:\n        return reverse("airport"',
        ],
      ),
      "flights/migrations/0008_title.py": migrationFile(
        LAST_FLIGHTS,
        'migrations.AddField("airport", "title", models.CharField(max_length=120, blank=True, default="", db_default=""))',
      ),
    },
  },
  {
    what: "values filled in batches",
    changes: {
      "flights/migrations/0008_fill_delay.py": `${FILL}${migrationFile(
        LAST_FLIGHTS,
        "migrations.RunPython(fill, migrations.RunPython.noop)",
        ALONE,
      )}`,
    },
  },
  {
    what: "a check constraint that is added without a scan and validated in another migration",
    changes: {
      ...edited(MODELS, [
        FLIGHT_CHECK,
        `${FLIGHT_CHECK}            models.CheckConstraint(condition=Q(delay_minutes__gt=-1000), name="flight_delay_sane"),\n`,
      ]),
      "flights/migrations/0008_delay_check.py": migrationFile(
        LAST_FLIGHTS,
        'AddConstraintNotValid("flight", models.CheckConstraint(condition=Q(delay_minutes__gt=-1000), name="flight_delay_sane"))',
      ),
      "flights/migrations/0009_validate_delay_check.py": migrationFile(
        ["flights", "0008_delay_check"],
        'ValidateConstraint("flight", "flight_delay_sane")',
      ),
    },
  },
  {
    what: "a unique constraint upon an index that was built concurrently",
    changes: {
      ...edited(MODELS, [
        FLIGHT_CHECK,
        `${FLIGHT_CHECK}            models.UniqueConstraint(fields=["origin", "destination", "departs_at"], name="flight_once"),\n`,
      ]),
      "flights/migrations/0008_flight_once_index.py": migrationFile(
        LAST_FLIGHTS,
        'migrations.RunSQL("CREATE UNIQUE INDEX CONCURRENTLY flight_once ON flights_flight (origin_id, destination_id, departs_at)", ' +
          '"DROP INDEX CONCURRENTLY IF EXISTS flight_once")',
        ALONE,
      ),
      "flights/migrations/0009_flight_once.py": migrationFile(
        ["flights", "0008_flight_once_index"],
        "migrations.SeparateDatabaseAndState(" +
          'database_operations=[migrations.RunSQL("ALTER TABLE flights_flight ADD CONSTRAINT flight_once UNIQUE USING INDEX flight_once", ' +
          '"ALTER TABLE flights_flight DROP CONSTRAINT flight_once")], ' +
          'state_operations=[migrations.AddConstraint("flight", ' +
          'models.UniqueConstraint(fields=["origin", "destination", "departs_at"], name="flight_once"))])',
      ),
    },
  },
  {
    what: "a wider column",
    changes: {
      ...edited(MODELS, ["name = models.CharField(max_length=120)", "name = models.CharField(max_length=200)"]),
      "flights/migrations/0008_long_names.py": migrationFile(
        LAST_FLIGHTS,
        'migrations.AlterField("airport", "name", models.CharField(max_length=200))',
      ),
    },
  },
  {
    what: "the contract step: a column goes that the running release no longer knows",
    before: withoutPhoto,
    changes: {
      ...withoutPhoto,
      "flights/migrations/0009_drop_photo.py": migrationFile(
        ["flights", "0008_photo_unused"],
        'migrations.RunSQL("ALTER TABLE flights_airport DROP COLUMN photo", ' +
          "\"ALTER TABLE flights_airport ADD COLUMN photo varchar(100) DEFAULT '' NOT NULL\")",
      ),
    },
  },
  {
    what: "Python that does nothing any more",
    changes: {
      "flights/migrations/0008_done.py": migrationFile(
        LAST_FLIGHTS,
        "migrations.RunPython(migrations.RunPython.noop, migrations.RunPython.noop, elidable=True)",
      ),
    },
  },
  {
    what: "a field that is renamed in the code alone",
    changes: {
      ...edited(MODELS, [
        PHOTO,
        PHOTO.replace("photo =", "picture =").replace('upload_to="', 'db_column="photo", upload_to="'),
      ]),
      ...edited("api/serializers.py", ['"longitude", "photo")', '"longitude", "picture")']),
      ...edited(
        "flights/templates/flights/airport_detail.html",
        ["airport.photo ", "airport.picture "],
        ["airport.photo.", "airport.picture."],
      ),
      "flights/migrations/0008_picture.py": migrationFile(
        LAST_FLIGHTS,
        'migrations.AlterField("airport", "photo", models.ImageField(db_column="photo", blank=True, default="", db_default="", upload_to="airports/")), ' +
          'migrations.RenameField("airport", "photo", "picture")',
      ),
    },
  },
  {
    what: "a new app with tables of its own",
    changes: {
      ...edited("airways/settings.py", ['    "flights",\n', '    "flights",\n    "gates",\n']),
      "gates/__init__.py": "",
      "gates/models.py": `from django.db import models\n${GATE_MODEL}`,
      "gates/migrations/__init__.py": "",
      "gates/migrations/0001_initial.py": migrationFile(
        LAST_FLIGHTS,
        `migrations.CreateModel("Gate", fields=[${GATE_FIELDS}])`,
        "initial = True",
      ),
    },
  },
  {
    what: "other words and choices in the models",
    changes: {
      ...edited(
        MODELS,
        ['        SUN = "sun"\n', '        SUN = "sun"\n        HAIL = "hail"\n'],
        ['help_text="Millimetres."', '"rain", help_text="Millimetres."'],
      ),
      "flights/migrations/0008_words.py": migrationFile(
        LAST_FLIGHTS,
        'migrations.AlterField("weatherday", "precipitation", models.FloatField("rain", help_text="Millimetres.")), ' +
          'migrations.AlterField("weatherday", "conditions", models.CharField(max_length=10, choices=[("drizzle", "Drizzle"), ' +
          '("fog", "Fog"), ("rain", "Rain"), ("snow", "Snow"), ("sun", "Sun"), ("hail", "Hail")]))',
      ),
    },
  },
  {
    what: "a table that ties two others together",
    changes: {
      ...edited(MODELS, [AIRPORT_FIELD, `    partners = models.ManyToManyField("self", blank=True)\n${AIRPORT_FIELD}`]),
      "flights/migrations/0008_partners.py": migrationFile(
        LAST_FLIGHTS,
        'migrations.AddField("airport", "partners", models.ManyToManyField("flights.airport", blank=True))',
      ),
    },
  },
  {
    what: "an index that nothing uses any more",
    changes: {
      ...edited(MODELS, [
        '        indexes = [models.Index(fields=["status", "-created_at"], name="remark_status_created_at")]\n',
        "",
      ]),
      "flights/migrations/0008_without_index.py": migrationFile(
        LAST_FLIGHTS,
        'RemoveIndexConcurrently("remark", "remark_status_created_at")',
        ALONE,
      ),
    },
  },
  {
    what: "a permission and an extension",
    changes: {
      ...edited(MODELS, [
        '        ordering = ["code"]\n',
        '        ordering = ["code"]\n        permissions = [("close_airport", "Can close an airport")]\n',
      ]),
      "flights/migrations/0008_close.py": migrationFile(
        LAST_FLIGHTS,
        "BtreeGinExtension(), " +
          'migrations.AlterModelOptions("airport", {"ordering": ["code"], "permissions": [("close_airport", "Can close an airport")]})',
      ),
    },
  },
  {
    what: "rows of reference that the new code needs",
    changes: {
      "flights/migrations/0008_airport.py": `
def add(apps, schema_editor):
    apps.get_model("flights", "Airport").objects.create(code="ZZZ", name="Nowhere", country="USA", latitude=0, longitude=0)


def remove(apps, schema_editor):
    apps.get_model("flights", "Airport").objects.filter(code="ZZZ").delete()

${migrationFile(LAST_FLIGHTS, "migrations.RunPython(add, remove)")}`,
    },
  },
];
