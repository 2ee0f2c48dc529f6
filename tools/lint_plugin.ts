/**
 * Rules of this project for `deno lint`, beside those of Deno: what the published folders may say.
 *
 * - `sluice/no-platform`: only `transports/` and `testing/` may name `Deno`, so that the rest runs,
 *   and can be tested, without any permission.
 * - `sluice/no-console`: a library does not print.
 * - `sluice/barrel`: a `mod.ts` re-exports and holds no code.
 * - `sluice/hash-private`: private is spelled `#name`, which holds at run time too.
 * - `sluice/timers`: time passes in two places, `protocols/waits/clock.ts` and
 *   `transports/core/clock.ts`, which know of long times and clear every timer.
 * - `sluice/error-text`: the message of an error starts with a capital, ends without a full stop
 *   and holds no contraction.
 * - `sluice/copy-of`: bytes are copied with `copyOf()`: the `slice()` of a `Buffer` is a view.
 * - `sluice/size`: at most 500 lines a file and 50 lines a function.
 * - `sluice/file-name`: everywhere, a file is named in snake_case, after what it holds.
 *
 * @module
 */

const MOST_LINES_IN_FILE = 500;
const MOST_LINES_IN_FUNCTION = 50;
const NAMES_THAT_SAY_NOTHING = ["constants", "helpers", "index", "types", "utils"];

/** The path of a file in the project, and the published part it belongs to, if it does. */
interface Place {
  path: string;
  part: string | undefined;
}

/** A file outside of the project, as in the tests of these rules, counts from its own root. */
function placeOf(filename: string): Place {
  const root = decodeURIComponent(new URL("../", import.meta.url).pathname);
  const absolute = `/${filename.replaceAll("\\", "/")}`.replace(/^\/+/, "/");
  const path = absolute.slice(absolute.startsWith(root) ? root.length : 1);
  const part = path.match(/^(protocols|transports|streams|testing)\/|^mod\.ts$/)?.[0];
  return { path, part: part?.replace("/", "") };
}

type Check = (context: Deno.lint.RuleContext, place: Place) => Deno.lint.LintVisitor;

/** Makes a rule that looks at published files only. */
function published(check: Check): Deno.lint.Rule {
  return {
    create(context): Deno.lint.LintVisitor {
      const place = placeOf(context.filename);
      return place.part === undefined ? {} : check(context, place);
    },
  };
}

const noPlatform: Deno.lint.Rule = published((context, { part }) => {
  if (part === "transports" || part === "testing") return {};
  return {
    Identifier(node): void {
      if (node.name !== "Deno") return;
      context.report({ node, message: `${part} may not name Deno: only transports may` });
    },
  };
});

const noConsole: Deno.lint.Rule = published((context) => ({
  MemberExpression(node): void {
    if (node.object.type !== "Identifier" || node.object.name !== "console") return;
    context.report({ node, message: "A library does not print: report to the caller" });
  },
}));

const barrel: Deno.lint.Rule = published((context, { path }) => ({
  Program(program): void {
    if (!/(^|\/)mod\.ts$/.test(path)) return;
    for (const node of program.body) {
      const reExports = node.type === "ExportAllDeclaration" ||
        node.type === "ExportNamedDeclaration" && node.source !== null;
      if (!reExports) context.report({ node, message: "A mod.ts holds nothing but re-exports" });
    }
  },
}));

const hashPrivate: Deno.lint.Rule = published((context) => {
  const check = (node: Deno.lint.PropertyDefinition | Deno.lint.MethodDefinition): void => {
    const name = node.key.type === "Identifier" ? node.key.name : "";
    if (node.accessibility !== "private" && !name.startsWith("_")) return;
    context.report({ node: node.key, message: `Private is spelled #${name.replace(/^_/, "")}` });
  };
  return { PropertyDefinition: check, MethodDefinition: check };
});

/** The functions of `@std/async` that set timers. */
const TIMED_FUNCTIONS = ["deadline", "debounce", "delay", "retry"];

const timers: Deno.lint.Rule = published((context) => {
  const message = "Timers are set by startTimer() and its siblings in protocols/waits/clock.ts";
  return {
    CallExpression({ callee }): void {
      const member = callee.type === "MemberExpression" ? callee : undefined;
      const name = member?.property.type === "Identifier"
        ? member.property.name
        : callee.type === "Identifier"
        ? callee.name
        : "";
      const object = member?.object.type === "Identifier" ? member.object.name : undefined;
      const isGlobal = object === undefined || object === "globalThis";
      const isTimer = isGlobal && (name === "setTimeout" || name === "setInterval") ||
        object === "AbortSignal" && name === "timeout";
      if (isTimer) context.report({ node: callee, message });
    },
    ImportDeclaration({ source, specifiers }): void {
      if (!source.value.startsWith("@std/async")) return;
      for (const node of specifiers) {
        const name = node.type === "ImportSpecifier" && node.imported.type === "Identifier"
          ? node.imported.name
          : "";
        if (TIMED_FUNCTIONS.includes(name)) context.report({ node, message });
      }
    },
  };
});

const errorText: Deno.lint.Rule = published((context) => ({
  NewExpression(node): void {
    const [message] = node.arguments;
    if (node.callee.type !== "Identifier" || !node.callee.name.endsWith("Error")) return;
    if (message?.type !== "Literal" && message?.type !== "TemplateLiteral") return;
    const text = context.sourceCode.getText(message).slice(1, -1);
    const fault = /^[a-z]/.test(text)
      ? "starts with a capital"
      : text.endsWith(".")
      ? "ends without a full stop"
      : /n't\b|'(?:re|ve|ll)\b/.test(text)
      ? "holds no contraction"
      : undefined;
    if (fault) context.report({ node: message, message: `The text of an error ${fault}` });
  },
}));

/** Methods and functions that give text or a list, whose `slice()` copies. */
const GIVE_TEXT_OR_LIST = new Set(
  ("String stringify toString join trim toLowerCase toUpperCase replace replaceAll padStart padEnd " +
    "substring split map filter concat toSorted toSpliced randomUUID from keys values entries")
    .split(" "),
);

/** Whether a type is evidently text or a list. */
function isTextOrListType(type: Deno.lint.Node): boolean {
  if (type.type === "TSTypeOperator") return isTextOrListType(type.typeAnnotation);
  if (type.type === "TSUnionType") {
    const isNothing = (one: Deno.lint.Node): boolean =>
      /^TS(Null|Undefined)Keyword$/.test(one.type);
    return type.types.every((one) => isNothing(one) || isTextOrListType(one));
  }
  if (type.type !== "TSTypeReference") {
    return ["TSStringKeyword", "TSArrayType", "TSTupleType"].includes(type.type);
  }
  return type.typeName.type === "Identifier" && /^(Readonly)?Array$/.test(type.typeName.name);
}

/** A name as it is written: `a` and `#a` are two. */
function nameOf(node: Deno.lint.Identifier | Deno.lint.PrivateIdentifier): string {
  return node.type === "Identifier" ? node.name : `#${node.name.replace(/^#/, "")}`;
}

/** Whether a value is evidently text or a list. `known` says so of names that are declared. */
function isTextOrList(node: Deno.lint.Node, known: (name: string) => boolean): boolean {
  switch (node.type) {
    case "Literal":
      return typeof node.value === "string";
    case "TemplateLiteral":
    case "ArrayExpression":
      return true;
    case "Identifier":
    case "PrivateIdentifier":
      return known(nameOf(node));
    case "MemberExpression":
      return !node.computed && isTextOrList(node.property, known);
    case "CallExpression": {
      const { callee } = node;
      const name = callee.type === "MemberExpression" ? callee.property : callee;
      // Uint8Array.from() gives bytes.
      const isBytes = callee.type === "MemberExpression" && callee.object.type === "Identifier" &&
        callee.object.name === "Uint8Array";
      return !isBytes && name.type === "Identifier" && GIVE_TEXT_OR_LIST.has(name.name);
    }
    default:
      return false;
  }
}

/**
 * There are no types here, so a receiver must be text or a list as far as its own file tells: by
 * what it is, or by every declaration of its name.
 */
const copyOf: Deno.lint.Rule = published((context, { path }) => {
  if (path.startsWith("testing/conformance/")) return {};
  const declared = new Map<string, boolean>();
  const calls: Deno.lint.MemberExpression[] = [];
  const known = (name: string): boolean => declared.get(name) === true;
  const note = (name: string, isSafe: boolean): void => {
    declared.set(name, isSafe && declared.get(name) !== false);
  };
  const declare = (target: Deno.lint.Node, value?: Deno.lint.Node | null): void => {
    if (target.type !== "Identifier") return;
    const type = target.typeAnnotation;
    const isSafe = type
      ? isTextOrListType(type.typeAnnotation)
      : !!value && isTextOrList(value, known);
    note(target.name, isSafe);
  };
  const declareParams = ({ params }: { params: Deno.lint.Parameter[] }): void => {
    for (const param of params) {
      if (param.type === "AssignmentPattern") declare(param.left, param.right);
      else if (param.type !== "TSParameterProperty") declare(param);
    }
  };
  return {
    VariableDeclarator: ({ id, init }): void => declare(id, init),
    FunctionDeclaration: declareParams,
    FunctionExpression: declareParams,
    ArrowFunctionExpression: declareParams,
    PropertyDefinition({ key, value, typeAnnotation }): void {
      if (key.type !== "Identifier" && key.type !== "PrivateIdentifier") return;
      const isSafe = typeAnnotation
        ? isTextOrListType(typeAnnotation.typeAnnotation)
        : !!value && isTextOrList(value, known);
      note(nameOf(key), isSafe);
    },
    MemberExpression(node): void {
      if (node.property.type === "Identifier" && node.property.name === "slice") calls.push(node);
    },
    "Program:exit"(): void {
      for (const node of calls) {
        if (isTextOrList(node.object, known)) continue;
        context.report({
          node,
          message:
            "The slice() of a Buffer is a view: use copyOf() for bytes, substring() for text",
        });
      }
    },
  };
});

const size: Deno.lint.Rule = published((context) => {
  const linesOf = (node: Deno.lint.Node): number =>
    context.sourceCode.getText(node).split("\n").length;
  const checkFunction = (node: Deno.lint.Node): void => {
    const lines = linesOf(node);
    if (lines <= MOST_LINES_IN_FUNCTION) return;
    const message = `A function of ${lines} lines: ${MOST_LINES_IN_FUNCTION} at most`;
    context.report({ node, message });
  };
  return {
    Program(node): void {
      const lines = context.sourceCode.text.trimEnd().split("\n").length;
      if (lines <= MOST_LINES_IN_FILE) return;
      const message = `A file of ${lines} lines: ${MOST_LINES_IN_FILE} at most`;
      context.report({ node: node.body[0] ?? node, message });
    },
    FunctionDeclaration: checkFunction,
    FunctionExpression: checkFunction,
    ArrowFunctionExpression: checkFunction,
  };
});

const fileName: Deno.lint.Rule = {
  create(context): Deno.lint.LintVisitor {
    const name = placeOf(context.filename).path.split("/").at(-1)?.replace(/\.\w+$/, "") ?? "";
    return {
      Program(program): void {
        const fault = !/^_?[a-z0-9]+(?:_[a-z0-9]+)*$/.test(name)
          ? "is not in snake_case"
          : NAMES_THAT_SAY_NOTHING.includes(name.replace(/^_/, ""))
          ? "does not say what it holds"
          : undefined;
        const node = program.body[0] ?? program;
        if (fault) context.report({ node, message: `The file name "${name}" ${fault}` });
      },
    };
  },
};

/** The plugin that deno.json names. */
const plugin: Deno.lint.Plugin = {
  name: "sluice",
  rules: {
    "no-platform": noPlatform,
    "no-console": noConsole,
    "barrel": barrel,
    "hash-private": hashPrivate,
    "timers": timers,
    "error-text": errorText,
    "copy-of": copyOf,
    "size": size,
    "file-name": fileName,
  },
};

export default plugin;
