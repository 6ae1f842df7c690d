// The page as one HTML document: scripts and styles inside it, each allowed by its hash, and nothing else allowed.
// Must never be imported by what runs in the VM: there is no bundler there. page.ts says how the page gets there.
import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";

export interface Page {
  readonly html: string;
  /** The value of Content-Security-Policy. */
  readonly policy: string;
}

const BROWSER = join(dirname(fileURLToPath(import.meta.url)), "browser");

/** Oldest browsers that know light-dark() and, all but Chrome's older ones, Ed25519: the page says so where it is missing. */
const TARGETS = ["chrome123", "firefox129", "safari17.5"];

/** A gate, in the page's accent; a colour that is seen on light and dark. */
const ICON =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 20 20' fill='none' stroke='%231f8ba3' " +
  "stroke-width='2'%3E%3Cpath d='M2.5 18V7.5L10 2l7.5 5.5V18M7 18v-6a3 3 0 0 1 6 0v6'/%3E%3C/svg%3E";

/**
 * The same sources give the same bytes. Leaves the bundler's process running: who is done with it calls esbuild.stop().
 *
 * @throws esbuild.BuildFailure
 */
export async function buildPage(): Promise<Page> {
  const { outputFiles } = await esbuild.build({
    absWorkingDir: BROWSER,
    entryPoints: ["main.tsx", "style.css"],
    outdir: "/page",
    write: false,
    bundle: true,
    format: "iife",
    platform: "browser",
    target: TARGETS,
    jsx: "automatic",
    jsxImportSource: "preact",
    minify: true,
    legalComments: "none",
    charset: "utf8",
    logLevel: "silent",
  });
  const textOf = (name: string) => {
    const file = outputFiles.find(({ path }) => path.endsWith(`/${name}`));
    if (file === undefined) throw new Error(`the bundler made no ${name}`);
    return file.text.trimEnd();
  };
  const [script, style] = [textOf("main.js"), textOf("style.css")];
  return { html: htmlOf(script, style), policy: policyOf(script, style) };
}

/** esbuild has escaped what would end the elements. */
const htmlOf = (script: string, style: string): string =>
  `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>Gatehouse</title>
<link rel="icon" href="${ICON}">
<style>${style}</style>
</head>
<body>
<div id="app"></div>
<noscript>This page needs JavaScript. \`gatehouse top\` and \`gatehouse status\` show the same in a terminal.</noscript>
<script>${script}</script>
</body>
</html>
`;

const policyOf = (script: string, style: string): string =>
  [
    "default-src 'none'",
    `script-src ${hashOf(script)}`,
    `style-src ${hashOf(style)}`,
    "connect-src 'self'",
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    // Text can't become script or markup anywhere in the page, by no library's mistake either.
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join("; ");

const hashOf = (text: string): string => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
