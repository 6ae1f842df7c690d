// Small pieces that every view is made of: panels, tables, states, figures.
import type { ComponentChildren, JSX } from "preact";

export type Tone = "ok" | "warn" | "bad" | "quiet";

/** A heading and what stands under it, as a region that a screen reader can jump to. */
export function Panel(
  { title, note, children, wide }: {
    title: string;
    note?: ComponentChildren;
    children: ComponentChildren;
    wide?: boolean;
  },
) {
  const id = `panel-${title.toLowerCase().replace(/[^a-z]+/g, "-")}`;
  return (
    <section class={wide ? "panel wide" : "panel"} aria-labelledby={id}>
      <header>
        <h2 id={id}>{title}</h2>
        {note !== undefined && <span class="note">{note}</span>}
      </header>
      {children}
    </section>
  );
}

export interface Column<Row> {
  readonly head: string;
  readonly cell: (row: Row) => ComponentChildren;
  /** Numbers stand right, so that their digits stand below each other. */
  readonly number?: boolean;
  /** Takes what room is left. */
  readonly grow?: boolean;
}

/** A table; on a phone each row is a card whose cells bear their column's name. */
export function Table<Row>(
  { caption, columns, rows, keyOf, empty }: {
    caption: string;
    columns: readonly Column<Row>[];
    rows: readonly Row[];
    keyOf: (row: Row) => string;
    empty: ComponentChildren;
  },
) {
  if (rows.length === 0) return <p class="empty">{empty}</p>;
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={caption}>
      <table>
        <caption class="hidden">{caption}</caption>
        <thead>
          <tr>
            {columns.map(({ head, number }) => (
              <th key={head} scope="col" class={number ? "number" : ""}>{head}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={keyOf(row)}>
              {columns.map(({ head, cell, number, grow }, index) => {
                const props = { class: `${number ? "number" : ""}${grow ? " grow" : ""}`, "data-head": head };
                return index === 0
                  ? <th key={head} scope="row" {...props}>{cell(row)}</th>
                  : <td key={head} {...props}>{cell(row)}</td>;
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** A word with its colour and its sign: never colour alone. */
export function Pill({ tone, children }: { tone: Tone; children: ComponentChildren }) {
  return (
    <span class={`pill ${tone}`}>
      <Dot tone={tone} />
      {children}
    </span>
  );
}

const SIGNS: Readonly<Record<Tone, string>> = {
  ok: "M2 6.5l2.6 2.6L10 3.5",
  warn: "M6 2v5M6 9.2v.9",
  bad: "M3 3l6 6M9 3l-6 6",
  quiet: "M3 6h6",
};

function Dot({ tone }: { tone: Tone }) {
  return (
    <svg class="sign" viewBox="0 0 12 12" aria-hidden="true">
      <path d={SIGNS[tone]} />
    </svg>
  );
}

/** One large figure with its name. */
export function Tile(
  { name, value, detail, tone }: { name: string; value: string; detail?: ComponentChildren; tone?: Tone },
) {
  return (
    <div class={`tile${tone ? ` ${tone}` : ""}`}>
      <dt>{name}</dt>
      <dd>
        <span class="value">{value}</span>
        {detail !== undefined && <span class="detail">{detail}</span>}
      </dd>
    </div>
  );
}

/** Names and values, one below the other. */
export const Facts = ({ children }: { children: ComponentChildren }) => <dl class="facts">{children}</dl>;

export function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** What stands where nothing can be shown: why, and what to do. */
export function Notice(
  { title, children, action }: { title: string; children: ComponentChildren; action?: JSX.Element },
) {
  return (
    <section class="notice" aria-label={title}>
      <h2>{title}</h2>
      <div>{children}</div>
      {action}
    </section>
  );
}

/** Where something will stand soon. */
export function Loading({ what }: { what: string }) {
  return (
    <div class="loading" role="status">
      <span class="bars" aria-hidden="true">
        <i />
        <i />
        <i />
      </span>
      {what}
    </div>
  );
}
