/** The part of https://github.com/digitalbazaar/forge that pfx.ts uses: its files put their parts into the object that forge.js exports. Bytes are strings. */
declare module 'node-forge/lib/forge.js' {
  interface Asn1 {
    readonly type: number;
  }
  /** A member of the file: `key` and `cert` are null where it is of a kind that forge does not know, and `asn1` is what it is then. */
  interface Bag {
    readonly key?: object | null;
    readonly cert?: object | null;
    readonly asn1?: Asn1;
  }
  const forge: {
    readonly asn1: { fromDer(bytes: string): Asn1; toDer(value: Asn1): { getBytes(): string } };
    readonly pkcs12: { pkcs12FromAsn1(value: Asn1, strict: boolean, password: string): { readonly safeContents: readonly { readonly safeBags: readonly Bag[] }[] } };
    readonly pki: { certificateToAsn1(certificate: object): Asn1; privateKeyToAsn1(key: object): Asn1 };
  };
  export default forge;
}
declare module 'node-forge/lib/pkcs12.js';
declare module 'node-forge/lib/pki.js';
declare module 'node-forge/lib/sha256.js';
declare module 'node-forge/lib/sha512.js';
