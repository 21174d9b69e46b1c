import type * as grpc from "@grpc/grpc-js";
import * as messages from "@pulumi/pulumi/proto/engine_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import type { Diagnostic } from "./programRun";
import type { Journal } from "./journal";
import { programMessage } from "./program/programMessage";
import { method } from "./rpc";

const severities: Record<number, Diagnostic["severity"]> = {
  [messages.LogSeverity.DEBUG]: "debug",
  [messages.LogSeverity.INFO]: "info",
  [messages.LogSeverity.WARNING]: "warning",
  [messages.LogSeverity.ERROR]: "error",
};

/** The `Engine` service: logging, and the URN of the stack. */
export function engineService(
  journal: Journal,
  projectDirectory: string,
): grpc.UntypedServiceImplementation {
  let root = "";
  return {
    log: method((request: messages.LogRequest) => {
      const severity = severities[request.getSeverity()] ?? "info";
      if (severity !== "debug" && !request.getEphemeral()) {
        const message = programMessage(request.getMessage(), projectDirectory);
        journal.log(severity, request.getUrn(), message);
      }
      return new Empty();
    }),
    getRootResource: method(() => {
      const answer = new messages.GetRootResourceResponse();
      answer.setUrn(root);
      return answer;
    }),
    setRootResource: method((request: messages.SetRootResourceRequest) => {
      root = request.getUrn();
      return new messages.SetRootResourceResponse();
    }),
    startDebugging: method(() => new Empty()),
    requirePulumiVersion: method(() => new messages.RequirePulumiVersionResponse()),
  };
}
