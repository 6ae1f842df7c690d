// Mistakes in a command's words, as the program itself answers them.
import { expect, it } from "vitest";
import { REPO_ROOT } from "./cli/root.ts";

async function gatehouse(...args: string[]) {
  const { code, stdout, stderr } = await new Deno.Command(`${REPO_ROOT}/gatehouse`, { args }).output();
  return { code, stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
}

it.each([
  [
    ["keys", "lst"],
    "unknown command 'lst'\n(Did you mean list?)",
    "`gatehouse keys --help` lists the commands",
  ],
  [["keys", "get"], "missing required argument 'id'", "`gatehouse keys get --help` shows how it is used"],
])(
  "%j is a mistake that ends with the next step, for people and for programs",
  async (words, message, next) => {
    const text = await gatehouse(...words);
    expect(text).toEqual({ code: 1, stdout: "", stderr: `error: ${message}\nNext: ${next}.\n` });
    const json = await gatehouse(...words, "--json");
    expect({ ...json, stdout: JSON.parse(json.stdout) }).toEqual({
      code: 1,
      stdout: { error: { code: "bad-argument", message, next } },
      stderr: "",
    });
  },
);
