/** The part of https://webassembly.github.io/spec/js-api/ that this room and its tests use; Node's own types leave it to those of a browser. */
declare namespace WebAssembly {
  type Module = object;
  const Module: {
    new (bytes: Uint8Array): Module;
    exports(module: Module): { readonly name: string; readonly kind: string }[];
    imports(module: Module): { readonly module: string; readonly name: string; readonly kind: string }[];
  };
  interface Instance {
    readonly exports: Record<string, unknown>;
  }
  const Instance: new (module: Module, imports?: object) => Instance;
  interface Memory {
    readonly buffer: ArrayBuffer;
  }
  interface Table {
    readonly length: number;
  }
  const RuntimeError: new (message?: string) => Error;
  function compile(bytes: Uint8Array): Promise<Module>;
}
