import js from "@eslint/js";
import globals from "globals";
import tseslint from "typescript-eslint";

const component = "ClassDeclaration[superClass.property.name='ComponentResource']";
const notAResource = "[callee.property.name!=/(Error|Config|StackReference|Asset|Archive)$/]";

export default tseslint.config(
  {
    ignores: [
      "node_modules/",
      "**/bin/",
      ".mlplatform/",
      ".cache/",
      "**/.venv/",
      "test/**/fixtures/**/bin/",
    ],
  },
  js.configs.recommended,
  ...tseslint.configs.recommended,
  {
    files: ["**/*.ts"],
    languageOptions: { parserOptions: { project: "./tsconfig.json" } },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/no-misused-promises": "error",
      // Resources are declared for their effect; wire formats and Helm values are open maps.
      "@typescript-eslint/no-explicit-any": "off",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
      eqeqeq: "error",
      "@typescript-eslint/naming-convention": [
        "error",
        { selector: "default", format: ["camelCase"], leadingUnderscore: "allow" },
        { selector: "typeLike", format: ["PascalCase"] },
        { selector: "enumMember", format: ["PascalCase"] },
        // Classes that a library exports stay recognizable under their own names.
        { selector: "import", format: null },
        // A field that is taken out of a wire format or of an enum keeps its name.
        { selector: ["variable", "parameter"], modifiers: ["destructured"], format: null },
        // Members follow what they stand for: headers, columns, resource types, environment names.
        { selector: ["property", "method", "typeProperty"], format: null },
      ],
      "max-len": [
        "error",
        {
          code: 100,
          ignoreUrls: true,
          ignoreRegExpLiterals: true,
          // A test's name is one sentence; a digest and an import path can't be broken.
          ignorePattern: '^\\s*(it|describe)\\(|sha256:|\\bfrom "',
        },
      ],
      curly: "error",
      "@typescript-eslint/consistent-type-imports": ["error", { fixStyle: "inline-type-imports" }],
      "@typescript-eslint/no-import-type-side-effects": "error",
      "no-restricted-syntax": [
        "error",
        {
          selector:
            "ImportDeclaration[source.value=/^node:(path|os|fs|crypto|assert)/] ImportNamespaceSpecifier",
          message: 'Node\'s own modules are imported by name: import { join } from "node:path".',
        },
        {
          selector: `${component} CallExpression[callee.type='Super'][arguments.length<4]`,
          message:
            "A component passes (type, name, args, opts) to super: with fewer, opts are lost.",
        },
        {
          selector: `${component}:not(:has(CallExpression[callee.property.name='registerOutputs']))`,
          message: "A component ends its constructor with registerOutputs.",
        },
        {
          selector: `${component} NewExpression[callee.type='MemberExpression'][arguments.length<3]${notAResource}`,
          message: "A child resource takes (name, args, { parent: this }).",
        },
        {
          selector: `CallExpression[callee.property.name='apply'] > :function NewExpression[callee.type='MemberExpression']${notAResource}`,
          message: "No resource inside apply: a preview would not show it. Pass the Output on.",
        },
        {
          selector:
            "ImportDeclaration[source.value='@pulumi/pulumi'] ImportSpecifier[imported.name='Config']",
          message: "Only program/loadConfig.ts reads configuration.",
        },
      ],
    },
  },
  {
    // program/loadConfig.ts is the only reader of Pulumi's configuration.
    files: ["**/*.ts"],
    ignores: ["program/loadConfig.ts", "test/preview/fixtures/**"],
    rules: {
      "no-restricted-properties": [
        "error",
        {
          object: "pulumi",
          property: "Config",
          message: "Only program/loadConfig.ts reads configuration.",
        },
        { property: "allConfig", message: "Only program/loadConfig.ts reads configuration." },
      ],
    },
  },
  {
    // Every part may import the contracts, also a policy pack and a package that are taken alone.
    files: ["contracts/**"],
    rules: {
      "no-restricted-syntax": [
        "error",
        {
          selector:
            "ImportDeclaration[source.value!=/^node:/], ImportExpression, TSImportEqualsDeclaration",
          message: "Contracts import Node alone: they are what every part can import.",
        },
      ],
    },
  },
  {
    files: ["test/**/*.ts", "**/*.test.ts"],
    rules: { "@typescript-eslint/no-unused-expressions": "off" },
  },
  {
    files: ["**/*.js", "**/*.cjs", "**/*.mjs"],
    languageOptions: { globals: globals.node },
    rules: { "@typescript-eslint/no-require-imports": "off" },
  },
);
