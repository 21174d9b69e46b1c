import assert from "node:assert/strict";
import {
  mostNodes,
  osDiskType,
  plannedPools,
  poolName,
  poolSettings,
} from "../../../components/aksPlatform/nodePools";
import type { AksPlatformArgs } from "../../../components/aksPlatform/args";
import { normalizeAksPlatform } from "../../../components/aksPlatform/normalize";
import { nearVmSizes, vmSizes } from "../../../components/aksPlatform/vmSizes";
import { NodePoolKind } from "../../../components/connections";
import { placementOn } from "../../../components/kubernetes/placement";
import { platformArgs } from "./aksPlatformFixture";

const settings = (over?: Partial<AksPlatformArgs>) => normalizeAksPlatform(platformArgs(over));

describe("plannedPools", () => {
  it("lists the pools that are set, system pool first", () => {
    const kinds = plannedPools(settings({ gpuPool: undefined })).map(({ kind }) => kind);
    assert.deepStrictEqual(kinds, [NodePoolKind.System, NodePoolKind.Cpu, NodePoolKind.Spot]);
  });
});

describe("mostNodes", () => {
  it("adds the surge of the pools that surge, rounded up", () => {
    // system 6 + 2, cpu 20 + 7, gpu 4, spot 10
    assert.strictEqual(mostNodes(plannedPools(settings())), 49);
  });
});

describe("poolName", () => {
  it("names every kind as AKS allows", () => {
    for (const kind of Object.values(NodePoolKind)) {
      assert.match(poolName(kind), /^[a-z][a-z0-9]{0,11}$/);
    }
  });
});

describe("poolSettings", () => {
  for (const kind of Object.values(NodePoolKind)) {
    it(`lets pods placed on the ${kind} pool run there`, () => {
      const pool = { vmSize: "Standard_D8ds_v5", minCount: 0, maxCount: 1, osDiskGiB: 128 };
      const { nodeLabels, nodeTaints } = poolSettings(kind, pool);
      const { nodeSelector, tolerations } = placementOn(kind);
      const labels = nodeLabels as Record<string, string>;
      for (const [key, value] of Object.entries(nodeSelector)) {
        assert.strictEqual(labels[key], value);
      }
      const tolerated = tolerations.map(({ key, value, effect }) => `${key}=${value}:${effect}`);
      assert.deepStrictEqual(nodeTaints, tolerated);
    });
  }
});

describe("osDiskType", () => {
  const cases: [vmSize: string, osDiskGiB: number, expected: string][] = [
    ["Standard_D4ds_v5", 128, "Ephemeral"],
    ["Standard_D4ds_v5", 150, "Ephemeral"],
    ["Standard_D4ds_v5", 151, "Managed"],
    ["Standard_D4s_v5", 30, "Managed"],
    ["Standard_D8ds_v6", 128, "Managed"],
    ["Standard_F16s_v2", 64, "Managed"],
    ["Standard_NC24ads_A100_v4", 64, "Ephemeral"],
    ["Standard_NC24ads_A100_v4", 128, "Managed"],
  ];
  for (const [vmSize, osDiskGiB, expected] of cases) {
    it(`puts ${osDiskGiB} GiB of ${vmSize} on a disk that is ${expected}`, () => {
      assert.strictEqual(osDiskType(vmSize, osDiskGiB), expected);
    });
  }
});

describe("vmSizes", () => {
  it("lists sizes with a plausible shape under Azure's names", () => {
    assert.ok(Object.keys(vmSizes).length >= 40);
    for (const [name, size] of Object.entries(vmSizes)) {
      assert.match(name, /^Standard_[A-Z]{1,2}\d+[a-z]*(_[A-Z]+\d+)?(_v\d)?$/);
      assert.ok(size.memoryGiB >= 1.5 * size.vCpus && size.memoryGiB <= 25 * size.vCpus, name);
      assert.strictEqual(size.gpus > 0, /^Standard_N/.test(name), name);
    }
  });

  it("gives vCPUs as the number in the name", () => {
    for (const [name, { vCpus }] of Object.entries(vmSizes)) {
      assert.strictEqual(vCpus, Number(/^Standard_[A-Z]+(\d+)/.exec(name)?.[1]), name);
    }
  });

  const figures: [name: string, vCpus: number, memoryGiB: number, gpus: number, disk?: number][] = [
    ["Standard_D8ds_v5", 8, 32, 0, 300],
    ["Standard_D4s_v5", 4, 16, 0, undefined],
    ["Standard_E20ds_v5", 20, 160, 0, 750],
    ["Standard_F72s_v2", 72, 144, 0, 576],
    ["Standard_NC64as_T4_v3", 64, 440, 4, 2816],
    ["Standard_NC96ads_A100_v4", 96, 880, 4, 256],
    ["Standard_NC80adis_H100_v5", 80, 640, 2, 7152],
    ["Standard_ND96isr_H100_v5", 96, 1900, 8, 1024],
    ["Standard_NV72ads_A10_v5", 72, 880, 2, 2880],
  ];
  for (const [name, vCpus, memoryGiB, gpus, temporaryDiskGiB] of figures) {
    it(`has the published figures of ${name}`, () => {
      const { ephemeralOsDisk } = vmSizes[name]!;
      const figures = { vCpus, memoryGiB, gpus, temporaryDiskGiB, ephemeralOsDisk };
      assert.deepStrictEqual(vmSizes[name], figures);
    });
  }
});

describe("nearVmSizes", () => {
  it("finds the sizes one slip away", () => {
    assert.strictEqual(nearVmSizes("Standard_NC24ads_A100_v5")[0], "Standard_NC24ads_A100_v4");
    assert.strictEqual(nearVmSizes("standard_e8ds-v5")[0], "Standard_E8ds_v5");
    assert.strictEqual(nearVmSizes("anything", 5).length, 5);
  });
});
