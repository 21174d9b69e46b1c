/** Steps of the way of bytes to the lake, in order: a process can end after any of them. */
export enum CommitStep {
  Read = "read",
  Logged = "logged",
  PartEncoded = "part encoded",
  PartPut = "part put",
  CheckpointMoved = "checkpoint moved",
  SegmentRemoved = "segment removed",
  ManifestPut = "manifest put",
}
