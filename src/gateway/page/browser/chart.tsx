// A line chart over time by uPlot, its legend with the figures under the pointer, and the table behind it.
// Must never be the only place where a figure stands.
import { useEffect, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import type { Figures, Point } from "../../observer/observation.ts";
import { clockTime } from "../../observer/format.ts";
import type { Theme } from "./hooks.ts";

/** How a line is drawn: by the page's own colours, so that it follows the theme. */
export type Stroke = "accent" | "accent-2" | "accent-3" | "ink" | "bad" | "warn";

export interface Line {
  readonly name: string;
  readonly stroke: Stroke;
  readonly dashed?: boolean;
  readonly value: (figures: Figures) => number | undefined;
}

interface ChartProps {
  readonly title: string;
  readonly points: readonly Point[];
  readonly lines: readonly Line[];
  readonly format: (value: number | undefined | null) => string;
  readonly theme: Theme;
  /** Several powers of ten in one picture. */
  readonly logarithmic?: boolean;
  /** The last figures are old. */
  readonly stale: boolean;
}

const HEIGHT = 168;
/** What the time axis shows at least, seconds. */
const SPAN_S = 60;
/** Rows of the table: ten minutes would be a wall of numbers. */
const TABLE_ROWS = 15;

export function Chart({ title, points, lines, format, theme, logarithmic = false, stale }: ChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const [at, setAt] = useState<number | null>(null);
  const [asTable, setAsTable] = useState(false);
  const names = lines.map(({ name }) => name).join();

  useEffect(() => {
    const parent = box.current;
    if (parent === null) return;
    const made = new uPlot(options(parent, lines, format, logarithmic, setAt), dataOf(points, lines), parent);
    // What it draws is told by the legend and by the table.
    made.root.setAttribute("aria-hidden", "true");
    plot.current = made;
    const resized = new ResizeObserver(() => made.setSize({ width: parent.clientWidth, height: HEIGHT }));
    resized.observe(parent);
    return () => {
      resized.disconnect();
      made.destroy();
      plot.current = undefined;
    };
  }, [theme, names]);

  useEffect(() => plot.current?.setData(dataOf(points, lines)), [points]);

  const shown = at === null ? points.findLast(({ figures }) => figures !== undefined) : points[at];
  return (
    <figure class={stale ? "chart stale" : "chart"}>
      <figcaption>
        <h3>{title}</h3>
        <ul class="legend">
          {lines.map(({ name, stroke, dashed, value }) => (
            <li key={name}>
              <i class={`swatch ${stroke}${dashed ? " dashed" : ""}`} />
              {name}
              <b>{format(shown?.figures && value(shown.figures))}</b>
            </li>
          ))}
        </ul>
      </figcaption>
      <div class="plot" ref={box} />
      <details onToggle={(event) => setAsTable(event.currentTarget.open)}>
        <summary>
          Table<span class="hidden">of {title}</span>
        </summary>
        {asTable && <PointTable title={title} points={points} lines={lines} format={format} />}
      </details>
    </figure>
  );
}

function PointTable(
  { title, points, lines, format }: Pick<ChartProps, "title" | "points" | "lines" | "format">,
) {
  const rows = points.slice(-TABLE_ROWS).toReversed();
  return (
    <table class="points">
      <caption class="hidden">{title}, the newest first</caption>
      <thead>
        <tr>
          <th scope="col">Time (UTC)</th>
          {lines.map(({ name }) => <th key={name} scope="col" class="number">{name}</th>)}
        </tr>
      </thead>
      <tbody>
        {rows.map(({ atMs, figures }) => (
          <tr key={atMs}>
            <th scope="row">{clockTime(atMs)}</th>
            {lines.map(({ name, value }) => (
              <td key={name} class="number">{format(figures && value(figures))}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function dataOf(points: readonly Point[], lines: readonly Line[]): uPlot.AlignedData {
  return [
    points.map(({ atMs }) => atMs / 1000),
    ...lines.map(({ value }) => points.map(({ figures }) => (figures && value(figures)) ?? null)),
  ];
}

function options(
  parent: HTMLElement,
  lines: readonly Line[],
  format: ChartProps["format"],
  logarithmic: boolean,
  onPoint: (index: number | null) => void,
): uPlot.Options {
  const style = getComputedStyle(parent);
  const colour = (name: string) => resolved(parent, `var(--${name})`);
  const font = `11px ${style.fontFamily}`;
  const axis = { stroke: colour("ink-2"), font, ticks: { show: false } };
  return {
    width: parent.clientWidth,
    height: HEIGHT,
    padding: [8, 26, 0, 0],
    legend: { show: false },
    // The time is the appliance's: UTC.
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
    cursor: { y: false, points: { size: 6 }, drag: { x: false, y: false } },
    scales: {
      x: { range: (_, min, max) => [Math.min(min ?? max, max - SPAN_S), max] },
      y: logarithmic
        ? { distr: 3, range: (_, min, max) => min > 0 ? decades(min, max) : [1e-4, 1] }
        : { range: (_, __, max) => [0, max > 0 ? max * 1.15 : 1] },
    },
    axes: [
      {
        ...axis,
        grid: { show: false },
        space: 70,
        size: 28,
        values: ({ scales }, at) => at.map((s) => timeLabel(s, (scales.x.max ?? 0) - (scales.x.min ?? 0))),
      },
      {
        ...axis,
        size: 58,
        space: 34,
        grid: { stroke: colour("line"), width: 1 },
        values: (_, at) => at.map((value) => format(value)),
        ...logarithmic ? { splits: (_, __, min, max) => powersOfTen(min, max), filter: (_, at) => at } : {},
      },
    ],
    series: [
      {},
      ...lines.map(({ name, stroke, dashed }, index) => ({
        label: name,
        stroke: colour(stroke),
        width: index === 0 ? 1.75 : 1.25,
        points: { show: false },
        ...dashed ? { dash: [4, 3] } : {},
        ...index === 0 && lines.length === 1 ? { fill: faded(colour(stroke)) } : {},
      })),
    ],
    hooks: { setCursor: [({ cursor }) => onPoint(cursor.idx ?? null)] },
  };
}

/** A custom property as the colour that it is in this theme: a canvas knows no var(). */
function resolved(parent: HTMLElement, value: string): string {
  const probe = document.createElement("span");
  probe.style.color = value;
  parent.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

const timeLabel = (s: number, spanS: number): string => clockTime(s * 1000).slice(0, spanS < 120 ? 8 : 5);

/** Whole powers of ten around the values. */
const decades = (min: number, max: number): [number, number] => [
  10 ** Math.floor(Math.log10(min)),
  10 ** Math.ceil(Math.log10(Math.max(max, min * 1.01))),
];

const powersOfTen = (min: number, max: number): number[] => {
  const from = Math.round(Math.log10(min));
  return Array.from({ length: Math.round(Math.log10(max)) - from + 1 }, (_, i) => 10 ** (from + i));
};

const faded = (rgb: string): string => rgb.replace(/^rgb\((.*)\)$/, "rgba($1, 0.09)");
