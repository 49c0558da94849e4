from __future__ import annotations

import unittest

from rehearsal_runtime.inspect_programs import Start, programs


class Programs(unittest.TestCase):
    def test_are_found_by_their_names(self) -> None:
        source = "\n".join(
            [
                "import os, subprocess",
                "from subprocess import check_output as run_it, run",
                "def a(page):",
                '    subprocess.run(["wkhtmltopdf", page, "-"], check=True)',
                '    subprocess.check_call("convert -resize 10 a b", shell=True)',
                '    os.system(f"gs -o {page}")',
                '    run(("/usr/bin/lp", page))',
                "    return subprocess.Popen(args=[page])",
            ]
        )
        self.assertEqual(
            programs(source),
            [Start("wkhtmltopdf", 4), Start("convert", 5), Start("gs", 6), Start("/usr/bin/lp", 7)],
        )

    def test_may_be_absent_where_the_code_bears_it(self) -> None:
        source = "\n".join(
            [
                "import os, subprocess, sys",
                "try:",
                '    subprocess.run(["git", "rev-parse"])',
                "except FileNotFoundError:",
                '    os.system("cd /tmp")',
                "if settings.DEBUG:",
                '    subprocess.run(["npm", "start"])',
                "subprocess.run([sys.executable])",
                'subprocess.run(f"{tool} x", shell=True)',
                'server.run(["nothing"])',
            ]
        )
        self.assertEqual(programs(source), [])
        self.assertEqual(programs('import shutil, os\nshutil.which("a") and os.system("a")'), [])


if __name__ == "__main__":
    unittest.main()
