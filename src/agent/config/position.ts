// Where each key and value stands in the file.
// Must never judge: it reads the parser's tree and remembers places.
import type { AST } from "toml-eslint-parser";

/** Both from 1; the column in UTF-16 units. */
export interface Position {
  line: number;
  column: number;
}

/** The steps from the file's top to a value: names of keys, indices of lists. */
export type Path = readonly (string | number)[];

/**
 * Steps that are remembered: the schema has five (section, list, index, key, index). Without a bound, one dotted key of
 * 32,000 parts would make as many paths of up to that length.
 */
const MAX_DEPTH = 5;

/** Places of a file's keys and values. */
export class Positions {
  readonly #keys = new Map<string, Position>();
  readonly #values = new Map<string, Position>();

  constructor(program: AST.TOMLProgram) {
    for (const node of program.body[0].body) {
      if (node.type === "TOMLTable") this.#table(node);
      else this.#keyValue(node, []);
    }
  }

  /** Where the key stands; that of the nearest key above it when it isn't in the file. */
  ofKey(path: Path): Position {
    return this.#find(path, this.#keys, this.#values);
  }

  /** Where the value stands; that of the nearest value or key above it when it isn't in the file. */
  ofValue(path: Path): Position {
    return this.#find(path, this.#values, this.#keys);
  }

  #find(path: Path, first: Map<string, Position>, second: Map<string, Position>): Position {
    for (let length = Math.min(path.length, MAX_DEPTH); length > 0; length--) {
      const id = identity(path.slice(0, length));
      const found = first.get(id) ?? second.get(id);
      if (found !== undefined) return found;
    }
    return { line: 1, column: 1 };
  }

  #table(node: AST.TOMLTable): void {
    this.#name(node.key, []);
    const path = node.resolvedKey.slice(0, MAX_DEPTH);
    for (const inner of node.body) this.#keyValue(inner, path);
  }

  #keyValue(node: AST.TOMLKeyValue, above: Path): void {
    this.#value(node.value, this.#name(node.key, above));
  }

  /** Remembers each part of a dotted key at its first place, and gives the whole path. */
  #name(key: AST.TOMLKey, above: Path): Path {
    const path = [...above];
    for (const part of key.keys) {
      if (path.length === MAX_DEPTH) break;
      path.push(part.type === "TOMLBare" ? part.name : part.value);
      const id = identity(path);
      if (!this.#keys.has(id)) this.#keys.set(id, start(part));
    }
    return path;
  }

  #value(node: AST.TOMLContentNode, path: Path): void {
    const id = identity(path);
    if (!this.#values.has(id)) this.#values.set(id, start(node));
    if (path.length === MAX_DEPTH) return;
    if (node.type === "TOMLArray") {
      node.elements.forEach((element, index) => this.#value(element, [...path, index]));
    } else if (node.type === "TOMLInlineTable") {
      for (const inner of node.body) this.#keyValue(inner, path);
    }
  }
}

function identity(path: Path): string {
  return JSON.stringify(path);
}

function start(node: AST.TOMLNode): Position {
  return { line: node.loc.start.line, column: node.loc.start.column + 1 };
}
