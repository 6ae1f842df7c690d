// What stands there for who may not look: why, and the way in by an enrolled key.
// Must never send the key anywhere, nor keep it longer than the tab shows this page.
import { useRef, useState } from "preact/hooks";
import type { Observation, Observed } from "../../observer/observation.ts";
import { MAX_KEY_FILE_BYTES, readWebKey } from "../../observer/web_key.ts";
import { HealthList } from "./views/health.tsx";

export function KeyGate({ observed, observation }: { observed: Observed; observation: Observation }) {
  const { who, keyRefused } = observed;
  const byCertificate = who?.transport === "tcp";
  return (
    <div class="gate">
      <section class="notice" aria-labelledby="gate-title">
        <svg class="lock" viewBox="0 0 24 24" aria-hidden="true">
          <rect x="5" y="10.5" width="14" height="9.5" rx="2" />
          <path d="M8 10.5V8a4 4 0 0 1 8 0v2.5" />
        </svg>
        <h2 id="gate-title">Only operators see this</h2>
        <p>
          To this appliance you are <b>{who?.identity ?? "unknown"}</b>,{" "}
          {(who?.role ?? "nobody").toLowerCase()}, by{" "}
          {who?.transport}. Its figures, connections, certificates and events need the role operator.
        </p>
        {byCertificate
          ? (
            <p>
              Over TLS the certificate alone says who you are: an administrator gives{" "}
              <code>{who?.identity}</code> the role in the section <code>[access]</code> of the configuration.
            </p>
          )
          : <ChooseKey observation={observation} refused={keyRefused} />}
      </section>
      <HealthList observed={observed} />
    </div>
  );
}

function ChooseKey({ observation, refused }: { observation: Observation; refused: string | undefined }) {
  const [error, setError] = useState<string>();
  const input = useRef<HTMLInputElement>(null);
  const choose = async (file: File | undefined) => {
    if (file === undefined) return;
    setError(undefined);
    try {
      if (file.size > MAX_KEY_FILE_BYTES) throw new Error("it is too large to be a key");
      observation.useKey(await readWebKey(await file.text()));
    } catch (failure) {
      setError(`${file.name}: ${failure instanceof Error ? failure.message : failure}`);
    } finally {
      if (input.current !== null) input.current.value = "";
    }
  };
  const problem = error ?? (refused && `The key was not taken: ${refused}`);
  return (
    <>
      <p>
        Prove an enrolled key: choose its private half, the file that <code>gatehouse admins keygen</code>
        {" "}
        wrote or the one beside the VM (PEM, PKCS#8, Ed25519 or P-256).
      </p>
      <label class="file">
        <input
          ref={input}
          type="file"
          aria-describedby="key-kept"
          onChange={(event) => void choose(event.currentTarget.files?.[0])}
        />
        <span>Choose a key file…</span>
      </label>
      <p id="key-kept" class="note">
        It stays in the memory of this tab, where it signs each request, and is forgotten when the page is
        loaded anew.
      </p>
      <p role="alert" class="problem">{problem}</p>
    </>
  );
}
