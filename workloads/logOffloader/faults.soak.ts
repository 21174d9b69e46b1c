// The faults at full length: two hundred kills under a new seed, and the bytes of half an hour's outage at
// 5 MB/s. They are read by faults.test.ts when it is loaded.
process.env["MLP_FAULT_KILLS"] ??= "200";
process.env["MLP_FAULT_OUTAGE_MB"] ??= "9000";
process.env["MLP_FAULT_SEED"] ??= String(Date.now() % 1_000_000);
// eslint-disable-next-line @typescript-eslint/no-require-imports
require("./faults.test");
