import assert from "node:assert/strict";
import fc from "fast-check";
import {
  networkPlanProblems,
  contains,
  isPrivate,
  overlaps,
  parseIpv4Address,
  parseIpv4Range,
} from "../../../components/aksPlatform/networkPlan";
import { platformArgs } from "./aksPlatformFixture";

describe("parseIpv4Range", () => {
  const ranges: [text: string, first: number, last: number, prefix: number][] = [
    ["0.0.0.0/0", 0, 4294967295, 0],
    ["10.0.0.0/8", 167772160, 184549375, 8],
    ["10.20.16.0/24", 169086976, 169087231, 24],
    ["172.16.0.10/32", 2886729738, 2886729738, 32],
    ["255.255.255.254/31", 4294967294, 4294967295, 31],
  ];
  for (const [text, first, last, prefix] of ranges) {
    it(`reads ${text}`, () => {
      assert.deepStrictEqual(parseIpv4Range(text), { first, last, prefix });
    });
  }

  const refused = [
    "",
    "10.0.0.0",
    "10.0.0.0/",
    "10.0.0.0/33",
    "10.0.0.0/-1",
    "10.0.0/8",
    "10.0.0.1/8",
    "256.0.0.0/8",
    "0x0a.0.0.0/8",
    " 10.0.0.0/8",
    "10.0.0.0/8 ",
    "fd00::/8",
  ];
  for (const text of refused) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      assert.strictEqual(parseIpv4Range(text), undefined);
    });
  }
});

describe("parseIpv4Address", () => {
  it("reads four decimal parts and nothing else", () => {
    assert.strictEqual(parseIpv4Address("172.16.0.10"), 2886729738);
    for (const text of ["172.16.10", "172.16.0.10/32", "172.16.0.256", "::1", ""]) {
      assert.strictEqual(parseIpv4Address(text), undefined, text);
    }
  });
});

describe("overlaps and contains", () => {
  const pairs: [a: string, b: string, overlap: boolean, aContainsB: boolean][] = [
    ["10.0.0.0/16", "10.0.0.0/16", true, true],
    ["10.0.0.0/16", "10.0.255.0/24", true, true],
    ["10.0.255.0/24", "10.0.0.0/16", true, false],
    ["10.0.0.0/16", "10.1.0.0/16", false, false],
    ["10.0.0.0/25", "10.0.0.128/25", false, false],
    ["0.0.0.0/0", "255.255.255.255/32", true, true],
  ];
  for (const [a, b, overlap, aContainsB] of pairs) {
    it(`compares ${a} with ${b}`, () => {
      const [first, second] = [parseIpv4Range(a)!, parseIpv4Range(b)!];
      assert.strictEqual(overlaps(first, second), overlap);
      assert.strictEqual(overlaps(second, first), overlap);
      assert.strictEqual(contains(first, second), aContainsB);
    });
  }

  it("agrees, for any two ranges, that one contains the other or they are apart", () => {
    const range = fc
      .tuple(fc.integer({ min: 0, max: 32 }), fc.integer({ min: 0, max: 2 ** 32 - 1 }))
      .map(([prefix, seed]) => {
        const size = 2 ** (32 - prefix);
        const first = Math.floor(seed / size) * size;
        const parts = [24, 16, 8, 0].map((shift) => Math.floor(first / 2 ** shift) % 256);
        return parseIpv4Range(`${parts.join(".")}/${prefix}`)!;
      });
    fc.assert(
      fc.property(range, range, (a, b) => {
        assert.strictEqual(overlaps(a, b), contains(a, b) || contains(b, a));
      }),
    );
  });
});

describe("isPrivate", () => {
  const cases: [string, boolean][] = [
    ["10.0.0.0/8", true],
    ["172.31.0.0/16", true],
    ["172.32.0.0/16", false],
    ["192.168.255.0/24", true],
    ["100.64.0.0/10", true],
    ["100.128.0.0/16", false],
    ["8.0.0.0/6", false],
  ];
  for (const [text, expected] of cases) {
    it(`calls ${text} ${expected ? "private" : "public"}`, () => {
      assert.strictEqual(isPrivate(parseIpv4Range(text)!), expected);
    });
  }
});

describe("networkPlanProblems", () => {
  const plan = platformArgs().network;
  const paths = (over: Partial<typeof plan>, nodes: number) =>
    networkPlanProblems({ ...plan, ...over }, nodes).map(({ propertyPath }) => propertyPath);

  it("counts the five addresses that Azure keeps in a subnet", () => {
    const nodeSubnetCidr = "10.20.0.0/27";
    assert.deepStrictEqual(paths({ nodeSubnetCidr }, 27), []);
    assert.deepStrictEqual(paths({ nodeSubnetCidr }, 28), ["network.nodeSubnetCidr"]);
  });

  it("counts a /24 of pod addresses a node", () => {
    const podCidr = "192.168.0.0/20";
    assert.deepStrictEqual(paths({ podCidr }, 16), []);
    assert.deepStrictEqual(paths({ podCidr }, 17), ["network.podCidr"]);
  });

  it("recommends prefixes that pass the check", () => {
    for (const nodes of [12, 27, 28, 59, 60, 200, 251, 252, 1000]) {
      const narrow = { nodeSubnetCidr: "10.20.0.0/28", podCidr: "192.168.0.0/24" };
      const [subnet, pods] = networkPlanProblems({ ...plan, ...narrow }, nodes).map(
        ({ reason }) => /Use (\/\d+) or/.exec(reason)?.[1],
      );
      const wide = {
        vnetCidr: "10.0.0.0/8",
        databaseSubnetCidr: "10.200.0.0/24",
        endpointSubnetCidr: "10.201.0.0/24",
        nodeSubnetCidr: `10.20.0.0${subnet}`,
        podCidr: `100.64.0.0${pods}`,
      };
      assert.deepStrictEqual(paths(wide, nodes), [], `${nodes}: ${subnet} ${pods}`);
    }
  });

  it("does not compare a range that has a fault of its own", () => {
    assert.deepStrictEqual(paths({ vnetCidr: "everything" }, 10), ["network.vnetCidr"]);
  });

  it("refuses the last address of the Service range for DNS", () => {
    assert.deepStrictEqual(paths({ dnsServiceIp: "172.16.255.255" }, 10), ["network.dnsServiceIp"]);
    assert.deepStrictEqual(paths({ dnsServiceIp: "172.16.255.254" }, 10), []);
  });
});
