// What is used of Node's own modules, which Deno and Bun have too, and how they are reached.
//
// Nothing here is imported by name: a bundle for a browser or a worker must not ask for
// `node:http`.

/** Gives a module of the runtime, such as `node:http`. */
export type Builtin = (name: string) => unknown;

/** What is used of `process`. */
export interface Process {
  readonly env: Record<string, string | undefined>;
  readonly pid: number;
  readonly argv: readonly string[];
  readonly versions: Readonly<Record<string, string | undefined>>;
  readonly hrtime: { bigint(): bigint };
  cwd(): string;
  exit(code: number): never;
  kill(pid: number, signal: string): void;
  getBuiltinModule?: Builtin;
  on(event: string, listener: Listener): void;
  prependListener(event: string, listener: Listener): void;
  removeListener(event: string, listener: Listener): void;
  listenerCount(event: string): number;
}

export type Listener = (...values: never[]) => void;

/** A connection. */
export interface Socket {
  readonly connecting?: boolean;
  on?(event: string, listener: Listener): void;
  unref?(): void;
  destroy(): void;
}

/** Something that is read. */
export interface Incoming {
  readonly statusCode?: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  on(event: string, listener: Listener): void;
  destroy(): void;
}

/** A request that is written. */
export interface Outgoing {
  readonly reusedSocket?: boolean;
  on(event: string, listener: Listener): void;
  end(body?: Uint8Array): void;
  destroy(): void;
}

/** `node:http` and `node:https`. */
export interface Http {
  readonly Agent: new (options: object) => { destroy(): void };
  request(options: object): Outgoing;
}

export interface Tls {
  connect(options: object): Socket & { on(event: string, listener: Listener): void };
}

export interface Threads {
  readonly isMainThread: boolean;
  readonly Worker: new (
    source: string,
    options: object,
  ) => {
    on(event: string, listener: Listener): void;
    unref(): void;
  };
}

export interface Files {
  readFileSync(path: string, encoding: string): string;
  realpathSync(path: string): string;
  openSync(path: string, flags: string): number;
  readSync(file: number, into: Uint8Array): number;
  closeSync(file: number): void;
}
