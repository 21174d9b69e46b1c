// The faults at full length: two hundred kills under a new seed, the bytes of half an hour's outage
// at 5 MB/s, a hundred thousand files, a minute's stop. They are read by the tests when those are
// loaded.
process.env["MLP_FAULT_KILLS"] ??= "200";
process.env["MLP_FAULT_OUTAGE_MB"] ??= "9000";
process.env["MLP_FAULT_SEED"] ??= String(Date.now() % 1_000_000);
process.env["MLP_FAULT_TINY_FILES"] ??= "100000";
process.env["MLP_FAULT_STOP_MS"] ??= "60000";
// eslint-disable-next-line @typescript-eslint/no-require-imports
require("./faults.test");
// eslint-disable-next-line @typescript-eslint/no-require-imports
require("./inputFaults.test");
