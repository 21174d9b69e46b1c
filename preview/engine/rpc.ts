import * as grpc from "@grpc/grpc-js";

/** Pulumi allows messages of 400 MiB; charts and rendered manifests pass the 4 MiB default. */
export const messageLimits: grpc.ChannelOptions = {
  "grpc.max_receive_message_length": 400 * 1024 * 1024,
  "grpc.max_send_message_length": 400 * 1024 * 1024,
};

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/**
 * A gRPC method from a function; what it throws becomes the error of the call. An answer that is
 * there at once goes out at once: the SDK sends hundreds of log lines, each after the other's
 * answer.
 */
export function method<Question, Answer>(
  answer: (question: Question) => Answer | Promise<Answer>,
): grpc.handleUnaryCall<Question, Answer> {
  return (call, callback) => {
    const fail = (error: unknown) => {
      callback({ code: grpc.status.UNKNOWN, details: messageOf(error) });
    };
    try {
      const value = answer(call.request);
      if (value instanceof Promise) {
        value.then((settled) => {
          callback(null, settled);
        }, fail);
      } else {
        callback(null, value);
      }
    } catch (error) {
      fail(error);
    }
  };
}

/** Starts a server on a free port of the loopback address. */
export async function listen(server: grpc.Server): Promise<string> {
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) => {
      if (error) {
        reject(error);
      } else {
        resolve(bound);
      }
    });
  });
  return `127.0.0.1:${port}`;
}
