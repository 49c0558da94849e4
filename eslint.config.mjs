import { defineConfig } from "eslint/config";
import tseslint from "typescript-eslint";

// The type-aware rules are what this adds to Biome: above all an Output that ends up inside a string.
export default defineConfig(
  { ignores: ["node_modules", ".toolchain", "reference", "**/*.cjs"] },
  tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      // A Pulumi resource is created for its effect.
      "no-new": "off",
    },
  },
  { files: ["**/*.mjs"], extends: [tseslint.configs.disableTypeChecked] },
);
