// Many broken files: each must be refused at the right place, with a reason and what to write instead.
import { describe, expect, it } from "vitest";
import { checkConfig } from "./config.ts";

interface Broken {
  text: string;
  at: string;
  key: string;
  reason: RegExp;
  next: RegExp;
}

const noSection = /no such key or section/;

const syntax: Broken[] = [
  { text: "compat = ", at: "1:10", key: "compat", reason: /value is missing/, next: /behind the = sign/ },
  {
    text: "compat = seed",
    at: "1:10",
    key: "compat",
    reason: /needs quotes/,
    next: /^write compat = "seed"$/,
  },
  {
    text: "[log]\nlevel=info # x",
    at: "2:10",
    key: "log.level",
    reason: /quotes/,
    next: /^write level = "info"$/,
  },
  {
    text: "[listen]\ninsecure_tcp = yes",
    at: "2:16",
    key: "listen.insecure_tcp",
    reason: /no TOML/,
    next: /= true$/,
  },
  {
    text: "[listen]\ninsecure_tcp = False",
    at: "2:16",
    key: "listen.insecure_tcp",
    reason: /no/,
    next: /= false$/,
  },
  { text: "compat: seed", at: "1:7", key: "compat", reason: /not a colon/, next: /compat = value/ },
  { text: "garbage", at: "1:8", key: "garbage", reason: /= sign is missing/, next: /key = value/ },
  { text: "[log\nlevel = 1", at: "1:5", key: "log", reason: /not finished|bracket/, next: /\[/ },
  { text: "[log]\nlevel = 'info", at: "2:14", key: "log.level", reason: /closing quote/, next: /same line/ },
  { text: '[log] level="info"', at: "1:7", key: "log", reason: /same line/, next: /line of its own/ },
  {
    text: "[log]\nlevel='info'\nlevel='warn'",
    at: "3:1",
    key: "log.level",
    reason: /twice/,
    next: /keep one/,
  },
  { text: "[log]\n[limits]\n[log]", at: "3:2", key: "log", reason: /twice/, next: /keep one/ },
  {
    text: "[limits]\nmax_connections = 010",
    at: "2:19",
    key: "limits.max_connections",
    reason: /zero/,
    next: /remove/,
  },
  { text: '{"json": true}', at: "1:1", key: "", reason: /not TOML/, next: /key = value/ },
  { text: "<xml/>", at: "1:1", key: "", reason: /not TOML/, next: /key = value/ },
  { text: "\0\x01", at: "1:1", key: "", reason: /not TOML/, next: /key = value/ },
  { text: "\r\n\r\n= 1", at: "3:1", key: "", reason: /not TOML/, next: /key = value/ },
];

const unknown: Broken[] = [
  { text: "[logs]\nlevel='info'", at: "1:2", key: "logs", reason: noSection, next: /^did you mean log\?$/ },
  { text: "level = 'info'", at: "1:1", key: "level", reason: noSection, next: /^move level under \[log\]$/ },
  {
    text: "[log]\ncompat = 'seed'",
    at: "2:1",
    key: "log.compat",
    reason: /no such key/,
    next: /top of the file/,
  },
  {
    text: "max-connections = 3",
    at: "1:1",
    key: "max-connections",
    reason: noSection,
    next: /mean max_connections.*\[limits\]/,
  },
  {
    text: "[limits]\nmaxConnections = 5",
    at: "2:1",
    key: "limits.maxConnections",
    reason: /no such/,
    next: /mean max_connections\?/,
  },
  {
    text: "[reflection]\nenable = true",
    at: "2:1",
    key: "reflection.enable",
    reason: /no such/,
    next: /mean enabled\?/,
  },
  {
    text: "[listen]\nadresses = []",
    at: "2:1",
    key: "listen.adresses",
    reason: /no such/,
    next: /mean addresses\?/,
  },
  {
    text: "[log]\nzzz = 1",
    at: "2:1",
    key: "log.zzz",
    reason: /no such/,
    next: /remove it; it has level, format, calls/,
  },
  { text: "[log.extra]\nx = 1", at: "1:6", key: "log.extra", reason: /no such/, next: /remove it/ },
  { text: "__proto__ = 1", at: "1:1", key: "__proto__", reason: noSection, next: /remove it/ },
  { text: "[__proto__]\nx = 1", at: "1:2", key: "__proto__", reason: noSection, next: /remove it/ },
  { text: "[log]\n__proto__ = 1", at: "2:1", key: "log.__proto__", reason: /no such/, next: /remove it/ },
  { text: "[log]\ntoString = 1", at: "2:1", key: "log.toString", reason: /no such/, next: /remove it/ },
  {
    text: '"\\u001b[31m\\n" = 1',
    at: "1:1",
    key: "\\u001b[31m\\u000a",
    reason: noSection,
    next: /remove it/,
  },
];

const connections = "limits.max_connections";
const values: Broken[] = [
  {
    text: "compat = 'Seed'",
    at: "1:10",
    key: "compat",
    reason: /none of its values/,
    next: /did you mean "seed"\?/,
  },
  {
    text: "\ufeffcompat = 5",
    at: "1:10",
    key: "compat",
    reason: /number 5, not text/,
    next: /"none", "seed"/,
  },
  { text: "compat = true", at: "1:10", key: "compat", reason: /is true, not text/, next: /"none", "seed"/ },
  { text: "[compat]", at: "1:2", key: "compat", reason: /a section, not text/, next: /"none", "seed"/ },
  {
    text: "[log]\nlevel = 'warning'",
    at: "2:9",
    key: "log.level",
    reason: /none of/,
    next: /did you mean "warn"\?/,
  },
  { text: "log = {level='x'}", at: "1:14", key: "log.level", reason: /none of/, next: /"debug", "info"/ },
  { text: "log.level = 'x'", at: "1:13", key: "log.level", reason: /none of/, next: /"debug", "info"/ },
  { text: "[log.level]", at: "1:6", key: "log.level", reason: /a section/, next: /"debug", "info"/ },
  {
    text: "[limits]\nmax_connections = '10'",
    at: "2:19",
    key: connections,
    reason: /text "10"/,
    next: /without quotes/,
  },
  {
    text: "[limits]\nmax_connections = 0",
    at: "2:19",
    key: connections,
    reason: /too small/,
    next: /1 to 65535 .*2048/,
  },
  {
    text: "[limits]\nmax_connections = -1",
    at: "2:19",
    key: connections,
    reason: /too small/,
    next: /1 to 65535/,
  },
  {
    text: "[limits]\nmax_connections = 1.5",
    at: "2:19",
    key: connections,
    reason: /not a whole/,
    next: /1 to 65535/,
  },
  {
    text: "[limits]\nmax_connections = 1e30",
    at: "2:19",
    key: connections,
    reason: /too large/,
    next: /1 to 65535/,
  },
  {
    text: "[limits]\nmax_connections = nan",
    at: "2:19",
    key: connections,
    reason: /NaN/,
    next: /1 to 65535/,
  },
  {
    text: "[limits]\nmax_connections = inf",
    at: "2:19",
    key: connections,
    reason: /Infinity/,
    next: /1 to 65535/,
  },
  {
    text: `[limits]\nmax_connections = ${"9".repeat(20)}`,
    at: "2:19",
    key: connections,
    reason: /large/,
    next: /65535/,
  },
  {
    text: "[limits]\nmax_connections = 2026-01-01",
    at: "2:19",
    key: connections,
    reason: /a date/,
    next: /65535/,
  },
  { text: "[limits]\nmax_connections = [1]", at: "2:19", key: connections, reason: /a list/, next: /65535/ },
  {
    text: "[signer]\ndeadline_ms = 0",
    at: "2:15",
    key: "signer.deadline_ms",
    reason: /too small/,
    next: /10 to 60000 \(ms\)/,
  },
  {
    text: "[reflection]\nenabled = 1",
    at: "2:11",
    key: "reflection.enabled",
    reason: /number 1/,
    next: /true or false/,
  },
  { text: "listen = 3", at: "1:10", key: "listen", reason: /not a section/, next: /write \[listen\]/ },
  { text: "[[listen]]", at: "1:3", key: "listen", reason: /list of sections/, next: /write \[listen\]/ },
];

const one = "listen.addresses[0]";
const addresses: Broken[] = [
  {
    text: "[listen]\naddresses = []",
    at: "2:13",
    key: "listen.addresses",
    reason: /empty/,
    next: /vsock:\/\/any/,
  },
  {
    text: "[listen]\naddresses = 'tcp://[::1]:1'",
    at: "2:13",
    key: "listen.addresses",
    reason: /not a list/,
    next: /\["/,
  },
  {
    text: "[listen]\naddresses = [1]",
    at: "2:14",
    key: one,
    reason: /number 1, not text/,
    next: /in quotes/,
  },
  {
    text: "[listen]\naddresses = [['x']]",
    at: "2:14",
    key: one,
    reason: /a list, not text/,
    next: /in quotes/,
  },
  {
    text: "[listen]\naddresses = ['http://x']",
    at: "2:14",
    key: one,
    reason: /only tcp:/,
    next: /write one like "/,
  },
  {
    text: "[listen]\naddresses = ['/run/x.sock']",
    at: "2:14",
    key: one,
    reason: /path alone/,
    next: /"unix:\/\/\/run\/x.sock"/,
  },
  {
    text: "[listen]\naddresses = ['tcp://0.0.0.0:5']",
    at: "2:14",
    key: one,
    reason: /open to the network/,
    next: /insecure_tcp/,
  },
  {
    text: "[listen]\naddresses = ['[::]:5']",
    at: "2:14",
    key: one,
    reason: /open to the network/,
    next: /insecure_tcp/,
  },
  {
    text: "[listen]\naddresses = [\n  'vsock://any:5',\n  'vsock:any:5',\n]",
    at: "4:3",
    key: "listen.addresses[1]",
    reason: /twice/,
    next: /remove one/,
  },
  {
    text: `[listen]\naddresses = [${"'vsock://any:1',".repeat(17)}]`,
    at: "2:13",
    key: "listen.addresses",
    reason: /holds 17 values, too many/,
    next: /at most 16/,
  },
  {
    text: "[listen]\nproxied = ['tls://127.0.0.1:5']",
    at: "2:12",
    key: "listen.proxied[0]",
    reason: /Unix socket only/,
    next: /write one like "unix:/,
  },
  {
    text: "[listen]\naddresses = ['tls://0.0.0.0:5', 'tls://0.0.0.0:5']",
    at: "2:33",
    key: "listen.addresses[1]",
    reason: /twice/,
    next: /remove one/,
  },
  {
    text: "[listen]\naddresses = ['tls://0.0.0.0:5', 'tcp://127.0.0.1:5']",
    at: "2:33",
    key: "listen.addresses[1]",
    reason: /port 5 is tls:\/\/0\.0\.0\.0:5's/,
    next: /another port/,
  },
  {
    text: "[listen]\nproxied = ['tcp://127.0.0.1:5']",
    at: "2:12",
    key: "listen.proxied[0]",
    reason: /Unix socket only/,
    next: /write one like "unix:/,
  },
  {
    text: "[listen]\nproxied = ['vsock://any:5']",
    at: "2:12",
    key: "listen.proxied[0]",
    reason: /Unix socket only/,
    next: /write one like "unix:/,
  },
  {
    text: "[listen]\nproxied = ['/run/x.sock']",
    at: "2:12",
    key: "listen.proxied[0]",
    reason: /path alone/,
    next: /"unix:\/\/\/run\/x.sock"/,
  },
  {
    text: "[listen]\nproxied = [\n  'unix:///run/x',\n  'unix:/run/x',\n]",
    at: "4:3",
    key: "listen.proxied[1]",
    reason: /twice/,
    next: /remove one/,
  },
  {
    text: "[listen]\naddresses = ['unix:/run/x']\nproxied = ['unix:///run/x']",
    at: "3:12",
    key: "listen.proxied[0]",
    reason: /in addresses too/,
    next: /socket of its own/,
  },
  {
    text: `[listen]\nproxied = [${"'unix:///run/x',".repeat(17)}]`,
    at: "2:11",
    key: "listen.proxied",
    reason: /holds 17 values, too many/,
    next: /at most 16/,
  },
  {
    text: "[signer]\nsocket = '/run/s'",
    at: "2:10",
    key: "signer.socket",
    reason: /path/,
    next: /"unix:\/\/\/run\/s"/,
  },
  {
    text: "[signer]\nsocket = 'tcp://127.0.0.1:3'",
    at: "2:10",
    key: "signer.socket",
    reason: /Unix socket only/,
    next: /unix:/,
  },
  {
    text: "[signer]\nsocket = ''",
    at: "2:10",
    key: "signer.socket",
    reason: /address/,
    next: /write one like/,
  },
];

const identity = "[[access.identities]]\nsan = 'dns:a.example'\n";
const first = "access.identities[0]";
const access: Broken[] = [
  {
    text: "[[access.identities]]\nrole = 'user'",
    at: "1:10",
    key: `${first}.san`,
    reason: /is missing/,
    next: /^write it like "dns:/,
  },
  {
    text: "[[access.identities]]\nsan = 'ci.example'",
    at: "2:7",
    key: `${first}.san`,
    reason: /no name of a certificate/,
    next: /like "dns:ci\.example"/,
  },
  {
    text: `${identity}role = 'admin'`,
    at: "3:8",
    key: `${first}.role`,
    reason: /"admin", which is none/,
    next: /"user", "operator"/,
  },
  {
    text: `${identity}rol = 'user'`,
    at: "3:1",
    key: `${first}.rol`,
    reason: /\[\[access\.identities\]\] has no such key/,
    next: /mean role\?/,
  },
  {
    text: `${identity}zzz = 'user'`,
    at: "3:1",
    key: `${first}.zzz`,
    reason: /has no such key/,
    next: /it has san, role, keys/,
  },
  {
    text: `${identity}keys = 'x'`,
    at: "3:8",
    key: `${first}.keys`,
    reason: /not a list/,
    next: /\["default-rsa"\]/,
  },
  {
    text: `${identity}keys = ['x', 3]`,
    at: "3:14",
    key: `${first}.keys[1]`,
    reason: /number 3, not text/,
    next: /in quotes/,
  },
  {
    text: `${identity}keys = ['']`,
    at: "3:9",
    key: `${first}.keys[0]`,
    reason: /too short/,
    next: /1 to 64/,
  },
  {
    text: `${identity}${identity}`,
    at: "4:7",
    key: "access.identities[1].san",
    reason: /has an entry already/,
    next: /join/,
  },
  {
    text: "[access]\nidentities = ['dns:a.example']",
    at: "2:15",
    key: first,
    reason: /not a table/,
    next: /write \[\[access\.identities\]\]/,
  },
  {
    text: "[access]\nidentities = 'dns:a.example'",
    at: "2:14",
    key: "access.identities",
    reason: /not a list of tables/,
    next: /write \[\[access\.identities\]\]/,
  },
  {
    text: "[access.identities]\nsan = 'dns:a.example'",
    at: "1:9",
    key: "access.identities",
    reason: /a section, not a list of tables/,
    next: /write \[\[access\.identities\]\]/,
  },
  {
    text: `[access]\ndefault_keys = [${"'k',".repeat(65)}]`,
    at: "2:16",
    key: "access.default_keys",
    reason: /holds 65 values, too many/,
    next: /at most 64/,
  },
];

const cases = Object.entries({ syntax, unknown, values, addresses, access }).flatMap(([kind, list]) => {
  return list.map((
    broken,
  ): [string, Broken] => [`${kind}: ${JSON.stringify(broken.text.slice(0, 60))}`, broken]);
});

describe("a broken file is refused with place, reason and remedy", () => {
  it.each(cases)("%s", (_name, { text, at, key, reason, next }) => {
    const [problem, ...others] = checkConfig(text, "gatehouse.toml");
    expect(others.filter((other) => other.key === problem.key)).toEqual([]);
    expect([`${problem.line}:${problem.column}`, problem.key]).toEqual([at, key]);
    expect(problem.reason).toMatch(reason);
    expect(problem.next).toMatch(next);
  });
});
