import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { send } from "../charts/chartServer";
import { RawFileServer } from "./rawFileServer";
import {
  type UpstreamFile,
  type UpstreamKind,
  type UpstreamPlaces,
  UpstreamsUnavailable,
  findUpstreams,
  parallelDownloads,
  pinnedFiles,
  upstreamsUrl,
} from "./upstreamFiles";
import { upstreamsOrSkip } from "./upstreamsOrSkip";

const kinds: UpstreamKind[] = ["crds", "charts"];

/** Path of a file on the server. */
const pathOf = ({ repository, commit, path }: UpstreamFile) => `/${repository}/${commit}/${path}`;

/** Files of a folder with their hashes; the notes that lie beside them are not of the upstreams. */
function hashesIn(folder: string): [file: string, sha256: string][] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => /\.(yaml|json)$/.test(file))
    .map((file): [string, string] => [
      file,
      createHash("sha256")
        .update(readFileSync(join(folder, file)))
        .digest("hex"),
    ])
    .sort();
}

const pinnedHashes = (kind: UpstreamKind) =>
  pinnedFiles(kind)
    .map(({ file, sha256 }) => [file, sha256])
    .sort();

describe("files of upstreams", function () {
  this.timeout(120_000);
  const folders = {} as Record<UpstreamKind, string>;
  let scratch: string;
  let server: RawFileServer;
  let places: UpstreamPlaces;
  let said: string[];

  before(async function () {
    for (const kind of kinds) {
      folders[kind] = await upstreamsOrSkip(this, kind);
    }
  });

  beforeEach(async () => {
    scratch = mkdtempSync(join(tmpdir(), "upstreams-"));
    server = new RawFileServer();
    for (const kind of kinds) {
      server.add(kind, folders[kind]);
    }
    await server.start();
    said = [];
    places = {
      beside: join(scratch, "shared"),
      cache: join(scratch, "cache"),
      url: server.url,
      say: (text) => said.push(text),
      pauseMs: 1,
    };
  });

  afterEach(async () => {
    await server.stop();
    rmSync(scratch, { recursive: true });
  });

  const cached = () => (existsSync(places.cache) ? readdirSync(places.cache) : []);

  for (const kind of kinds) {
    it(`are pinned by commit and hash: ${kind}`, () => {
      assert.deepEqual(hashesIn(folders[kind]), pinnedHashes(kind));
      for (const { file, repository, commit, path } of pinnedFiles(kind)) {
        assert.match(commit, /^[0-9a-f]{40}$/, file);
        assert.match(`${repository}/${path}`, /^[\w-]+\/[\w-]+(\/[\w.-]+)+$/, file);
      }
    });

    it(`are downloaded whole, once: ${kind}`, async () => {
      const folder = await findUpstreams(kind, places);
      assert.deepEqual(hashesIn(folder), pinnedHashes(kind));
      assert.deepEqual(server.requests.sort(), pinnedFiles(kind).map(pathOf).sort());
      assert.equal(said.length, 1);

      assert.equal(await findUpstreams(kind, places), folder);
      assert.equal(server.requests.length, pinnedFiles(kind).length);
      assert.equal(said.length, 1);
      assert.equal(cached().length, 1);
    });
  }

  it("are taken from beside the clone where they are there", async () => {
    mkdirSync(join(places.beside, "charts"), { recursive: true });
    assert.equal(await findUpstreams("charts", places), join(places.beside, "charts"));
    assert.deepEqual(server.requests, []);
  });

  it("are refused with another hash, and nothing is kept", async () => {
    const wrong = pinnedFiles("charts").find(({ file }) => file === "kueue/values.yaml")!;
    server.fault = ({ url }, response) => {
      if (url !== pathOf(wrong)) {
        return false;
      }
      send(response, 200, "replicas: 1\n");
      return true;
    };
    const seen = createHash("sha256").update("replicas: 1\n").digest("hex");
    await assert.rejects(findUpstreams("charts", places), {
      name: "Error",
      message:
        `${server.url}${pathOf(wrong)} has sha256 ${seen}, test/upstreams/files.json expects ` +
        `${wrong.sha256} for charts/kueue/values.yaml. Do not use it before you know why; ` +
        "write the new one if the commit was changed on purpose.",
    });
    assert.deepEqual(cached(), []);
  });

  it("are reported with address and status where one is missing", async () => {
    const gone = pinnedFiles("charts")[0]!;
    server.fault = ({ url }, response) => {
      if (url !== pathOf(gone)) {
        return false;
      }
      send(response, 404, "404: Not Found");
      return true;
    };
    await assert.rejects(findUpstreams("charts", places), (error: Error) => {
      assert.ok(!(error instanceof UpstreamsUnavailable));
      assert.equal(
        error.message,
        `${server.url}${pathOf(gone)} answers 404. Correct repository, commit and path in ` +
          "test/upstreams/files.json, or the mirror that MLP_UPSTREAMS_URL names.",
      );
      return true;
    });
    assert.equal(server.requests.filter((path) => path === pathOf(gone)).length, 1);
    assert.deepEqual(cached(), []);
  });

  it("are asked for again when the server is busy or breaks off", async () => {
    const [busy, broken] = pinnedFiles("charts").map(pathOf);
    server.fault = ({ url }, response) => {
      if (server.requests.filter((path) => path === url).length > 2) {
        return false;
      }
      if (url === busy) {
        send(response, 429, "");
      } else if (url === broken) {
        response.writeHead(200, { "content-length": 1000 }).write("x");
        setImmediate(() => response.destroy());
      } else {
        return false;
      }
      return true;
    };
    const folder = await findUpstreams("charts", places);
    assert.deepEqual(hashesIn(folder), pinnedHashes("charts"));
    assert.equal(server.requests.length, pinnedFiles("charts").length + 4);
  });

  const stop = () => server.stop();
  const stayBusy = () => {
    server.fault = (_, response) => {
      send(response, 503, "");
      return true;
    };
  };
  for (const [what, happen, reason] of [
    ["nothing answers", stop, /127\.0\.0\.1:\d+ cannot be reached \(ECONNREFUSED\)/],
    ["the server stays busy", stayBusy, /it answers 503/],
  ] as const) {
    it(`are unavailable with address and remedy where ${what}`, async () => {
      await happen();
      await assert.rejects(findUpstreams("crds", places), (error: Error) => {
        assert.ok(error instanceof UpstreamsUnavailable);
        assert.match(error.message, reason);
        assert.ok(error.message.startsWith(`${places.url}/`), error.message);
        assert.ok(
          error.message.endsWith(
            ". Connect to the network once, set MLP_UPSTREAMS_URL to a mirror of " +
              "https://raw.githubusercontent.com, or put the crds of test/upstreams/files.json " +
              `into ${join(places.beside, "crds")}.`,
          ),
          error.message,
        );
        return true;
      });
      assert.deepEqual(cached(), []);
    });
  }

  /** Another process that downloads the charts. */
  function downloadElsewhere(): ChildProcess {
    const module = JSON.stringify(join(__dirname, "upstreamFiles.ts"));
    const script = `require(${module}).findUpstreams("charts", ${JSON.stringify(places)})`;
    return spawn(process.execPath, ["--require", "tsx/cjs", "--eval", script], {
      stdio: ["ignore", "ignore", "inherit"],
    });
  }

  it("are whole after a download was killed, and its rest is gone", async () => {
    const child = downloadElsewhere();
    const exited = once(child, "exit");
    server.fault = () => {
      if (server.requests.length < 20) {
        return false;
      }
      child.kill("SIGKILL");
      // Never answered.
      return true;
    };
    await exited;
    const [draft, ...others] = cached();
    assert.match(draft!, new RegExp(`^charts-[0-9a-f]{12}\\.${child.pid}$`));
    assert.deepEqual(others, []);
    assert.ok(hashesIn(join(places.cache, draft!)).length > 0);

    server.fault = () => false;
    const folder = await findUpstreams("charts", places);
    assert.deepEqual(hashesIn(folder), pinnedHashes("charts"));
    assert.equal(cached().length, 1);
  });

  it("are whole for two processes that download them at once", async () => {
    const child = downloadElsewhere();
    const exited = once(child, "exit");
    // Nobody gets an answer before both have asked.
    const held: ServerResponse[] = [];
    server.fault = (_, response) => {
      if (held.length > parallelDownloads) {
        return false;
      }
      held.push(response);
      if (held.length > parallelDownloads) {
        for (const { socket } of held) {
          socket!.destroy();
        }
      }
      return true;
    };
    const folder = await findUpstreams("charts", places);
    assert.deepEqual(await exited, [0, null]);
    assert.deepEqual(hashesIn(folder), pinnedHashes("charts"));
    assert.equal(cached().length, 1);
  });
});

describe("the address of upstreams' files", () => {
  for (const [mirror, url] of [
    [undefined, "https://raw.githubusercontent.com"],
    ["", "https://raw.githubusercontent.com"],
    ["http://127.0.0.1:8080/raw/", "http://127.0.0.1:8080/raw"],
  ] as const) {
    it(`is ${url} where MLP_UPSTREAMS_URL is ${JSON.stringify(mirror)}`, () => {
      assert.equal(upstreamsUrl(mirror), url);
    });
  }

  for (const [mirror, message] of [
    [
      "mirror.example.com",
      "MLP_UPSTREAMS_URL must be an address such as https://raw.githubusercontent.com, got " +
        '"mirror.example.com".',
    ],
    ["https://me:hidden@mirror.example.com", "MLP_UPSTREAMS_URL must not hold a name or password."],
  ] as const) {
    it(`refuses: ${message}`, () => {
      assert.throws(() => upstreamsUrl(mirror), { message });
    });
  }
});
