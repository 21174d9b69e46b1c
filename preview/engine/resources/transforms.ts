import * as grpc from "@grpc/grpc-js";
import * as callbackMessages from "@pulumi/pulumi/proto/callback_pb";
import * as callbackServices from "@pulumi/pulumi/proto/callback_grpc_pb";
import * as messages from "@pulumi/pulumi/proto/resource_pb";
import { messageLimits } from "../rpc";
import { fromStruct, normalize, toStruct, type WireObject } from "../values/wire";

/** A function of the program that the engine may call back. */
export interface Callback {
  /** Address of the program's callback server. */
  target: string;
  token: string;
}

/**
 * Transforms live in the program; the engine calls them back in this order: the resource's own,
 * those of its parents from the inside out, those of the stack.
 */
export class Transforms {
  private readonly ofStack: Callback[] = [];
  private readonly ofInvokes: Callback[] = [];
  private readonly ofResources = new Map<string, { parent: string; callbacks: Callback[] }>();
  private readonly clients = new Map<string, callbackServices.CallbacksClient>();

  addToStack(callback: Callback): void {
    this.ofStack.push(callback);
  }

  addToInvokes(callback: Callback): void {
    this.ofInvokes.push(callback);
  }

  /** Remembers a resource's transforms for its children. */
  remember(urn: string, parent: string, callbacks: Callback[]): void {
    this.ofResources.set(urn, { parent, callbacks });
  }

  /** Runs every transform that applies on the request, which it changes in place. */
  async applyToResource(request: messages.RegisterResourceRequest, own: Callback[]): Promise<void> {
    const applicable = [...own];
    let ancestor = this.ofResources.get(request.getParent());
    while (ancestor !== undefined) {
      applicable.push(...ancestor.callbacks);
      ancestor = this.ofResources.get(ancestor.parent);
    }
    for (const callback of [...applicable, ...this.ofStack]) {
      const question = new messages.TransformRequest();
      question.setType(request.getType());
      question.setName(request.getName());
      question.setCustom(request.getCustom());
      question.setParent(request.getParent());
      question.setProperties(request.getObject());
      question.setOptions(optionsOf(request));
      const bytes = await this.call(callback, question.serializeBinary());
      const answer = messages.TransformResponse.deserializeBinary(bytes);
      request.setObject(toStruct(normalize(fromStruct(answer.getProperties())) as WireObject));
      const options = answer.getOptions();
      if (options !== undefined) {
        applyOptions(request, options);
      }
    }
  }

  /** Runs the transforms of functions on the request, which it changes in place. */
  async applyToInvoke(request: messages.ResourceInvokeRequest): Promise<void> {
    for (const callback of this.ofInvokes) {
      const question = new messages.TransformInvokeRequest();
      question.setToken(request.getTok());
      question.setArgs(request.getArgs());
      const given = new messages.TransformInvokeOptions();
      given.setProvider(request.getProvider());
      given.setVersion(request.getVersion());
      given.setPluginDownloadUrl(request.getPlugindownloadurl());
      question.setOptions(given);
      const bytes = await this.call(callback, question.serializeBinary());
      const answer = messages.TransformInvokeResponse.deserializeBinary(bytes);
      request.setArgs(answer.getArgs());
      const options = answer.getOptions();
      if (options === undefined) {
        continue;
      }
      request.setProvider(options.getProvider());
      request.setVersion(options.getVersion());
      request.setPlugindownloadurl(options.getPluginDownloadUrl());
    }
  }

  close(): void {
    for (const client of this.clients.values()) {
      client.close();
    }
    this.clients.clear();
  }

  private call(callback: Callback, request: Uint8Array): Promise<Uint8Array> {
    let client = this.clients.get(callback.target);
    if (client === undefined) {
      client = new callbackServices.CallbacksClient(
        callback.target,
        grpc.credentials.createInsecure(),
        messageLimits,
      );
      this.clients.set(callback.target, client);
    }
    const question = new callbackMessages.CallbackInvokeRequest();
    question.setToken(callback.token);
    question.setRequest(request);
    const caller = client;
    return new Promise((resolve, reject) => {
      caller.invoke(question, (error, answer) => {
        if (error) {
          reject(new Error(error.details || error.message));
        } else {
          resolve(answer.getResponse_asU8());
        }
      });
    });
  }
}

function optionsOf(request: messages.RegisterResourceRequest): messages.TransformResourceOptions {
  const options = new messages.TransformResourceOptions();
  const protect = request.getProtect();
  if (protect !== undefined) {
    options.setProtect(protect);
  }
  const retainOnDelete = request.getRetainondelete();
  if (retainOnDelete !== undefined) {
    options.setRetainOnDelete(retainOnDelete);
  }
  if (request.getDeletebeforereplacedefined()) {
    options.setDeleteBeforeReplace(request.getDeletebeforereplace());
  }
  options.setDependsOnList(request.getDependenciesList());
  options.setIgnoreChangesList(request.getIgnorechangesList());
  options.setReplaceOnChangesList(request.getReplaceonchangesList());
  options.setReplaceWithList(request.getReplaceWithList());
  options.setAliasesList(request.getAliasesList());
  options.setVersion(request.getVersion());
  options.setProvider(request.getProvider());
  options.setPluginDownloadUrl(request.getPlugindownloadurl());
  options.setDeletedWith(request.getDeletedwith());
  options.setCustomTimeouts(request.getCustomtimeouts());
  options.setAdditionalSecretOutputsList(request.getAdditionalsecretoutputsList());
  options.setImport(request.getImportid());
  options.setHooks(request.getHooks());
  for (const [key, provider] of request.getProvidersMap().entries()) {
    options.getProvidersMap().set(key, provider);
  }
  return options;
}

function applyOptions(
  request: messages.RegisterResourceRequest,
  options: messages.TransformResourceOptions,
): void {
  const protect = options.hasProtect() ? options.getProtect() : undefined;
  if (protect === undefined) {
    request.clearProtect();
  } else {
    request.setProtect(protect);
  }
  const retainOnDelete = options.hasRetainOnDelete() ? options.getRetainOnDelete() : undefined;
  if (retainOnDelete === undefined) {
    request.clearRetainondelete();
  } else {
    request.setRetainondelete(retainOnDelete);
  }
  const deleteFirst = options.hasDeleteBeforeReplace()
    ? options.getDeleteBeforeReplace()
    : undefined;
  request.setDeletebeforereplacedefined(deleteFirst !== undefined);
  request.setDeletebeforereplace(deleteFirst ?? false);
  request.setDependenciesList(options.getDependsOnList());
  request.setIgnorechangesList(options.getIgnoreChangesList());
  request.setReplaceonchangesList(options.getReplaceOnChangesList());
  request.setAliasesList(options.getAliasesList());
  request.setVersion(options.getVersion());
  request.setProvider(options.getProvider());
  request.setPlugindownloadurl(options.getPluginDownloadUrl());
  request.setDeletedwith(options.getDeletedWith());
  request.setCustomtimeouts(options.getCustomTimeouts());
  request.setAdditionalsecretoutputsList(options.getAdditionalSecretOutputsList());
  request.setImportid(options.getImport());
  for (const [key, provider] of options.getProvidersMap().entries()) {
    request.getProvidersMap().set(key, provider);
  }
}
