import assert from "node:assert/strict";
import { secondsToRetry } from "../../../components/azure/rightsInEffect";

const missing =
  'Status=400 Code="CustomKubeletIdentityMissingPermissionError" Message="The cluster user ' +
  'assigned identity must be given permission to assign kubelet identity."';
const unlinked = 'Status=403 Code="LinkedAuthorizationFailed" Message="The client has permission"';
const times = (count: number, error: string) => Array.from({ length: count }, () => error);

describe("rights that are not in effect yet", () => {
  it("are waited for, soon at first, for ten minutes in all", () => {
    let seconds = 0;
    let tries = 0;
    for (
      let wait = secondsToRetry([missing]);
      wait !== undefined;
      wait = secondsToRetry(times(++tries + 1, missing))
    ) {
      seconds += wait;
    }
    assert.ok(seconds >= 540 && seconds <= 660, `${seconds} s`);
    assert.equal(secondsToRetry([missing]), 10);
  });

  for (const error of [missing, unlinked, 'Code="CustomPrivateDNSZoneMissingPermissionError"']) {
    it(`are seen in ${error.slice(0, 60)}`, () => {
      assert.ok(secondsToRetry([error]) !== undefined);
    });
  }

  for (const error of [
    "",
    'Status=409 Code="OperationNotAllowed" Message="in progress"',
    'Status=403 Code="AuthorizationFailed" Message="does not have authorization"',
    'Status=400 Code="QuotaExceeded" Message="MissingPermissions is no word of it"',
  ]) {
    it(`are not the reason of "${error.slice(0, 50)}"`, () => {
      assert.equal(secondsToRetry([error, missing]), undefined);
    });
  }
});
