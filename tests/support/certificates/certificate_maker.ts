import type { TlsCertificate } from "../../../transports/tls/tls_certificate.ts";

const EC_KEY = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"];

/** The contents of a certificate besides its subject. */
export interface CertificateRequest {
  /** As openssl takes it, as in `/CN=localhost`. */
  readonly subject?: string;
  /**
   * Lines of an extension section, as in `subjectAltName=DNS:localhost`. Without any it is of
   * version 1.
   */
  readonly extensions?: readonly string[];
  /** The options of `openssl genpkey` for the key; an elliptic curve by default. */
  readonly key?: readonly string[];
  /** Further arguments of `openssl x509`, as in `-days -1`. */
  readonly more?: readonly string[];
}

/** The extension of a certificate that signs nothing. */
export const LEAF = "basicConstraints=critical,CA:FALSE";
/** The names of this machine. */
export const LOCALHOST = "subjectAltName=DNS:localhost,IP:127.0.0.1";

/** Makes certificates with openssl, in a folder of its own that goes when it is disposed of. */
export class CertificateMaker implements Disposable {
  readonly #folder = Deno.makeTempDirSync({ prefix: "sluice_tls_" });

  /** Makes an authority that signed itself. */
  authority(name: string, more: readonly string[] = []): void {
    this.openssl("genpkey", ...EC_KEY, "-out", `${name}.key`);
    this.openssl(
      ...["req", "-x509", "-new", "-key", `${name}.key`, "-subj", `/CN=${name}`, "-days", "99"],
      ...["-addext", "basicConstraints=critical,CA:TRUE"],
      ...["-addext", "keyUsage=critical,keyCertSign"],
      ...more,
      ...["-out", `${name}.crt`],
    );
  }

  /** Makes a key, and a certificate for it that an authority signs. */
  signed(name: string, authority: string, request: CertificateRequest = {}): TlsCertificate {
    const { subject = "/CN=localhost", extensions = [LEAF, LOCALHOST] } = request;
    this.openssl("genpkey", ...request.key ?? EC_KEY, "-out", `${name}.key`);
    Deno.writeTextFileSync(this.pathOf(`${name}.cnf`), ["[own]", ...extensions, ""].join("\n"));
    this.openssl("req", "-new", "-key", `${name}.key`, "-subj", subject, "-out", `${name}.csr`);
    const section = ["-extfile", `${name}.cnf`, "-extensions", "own"];
    this.openssl(
      ...["x509", "-req", "-in", `${name}.csr`, "-CA", `${authority}.crt`],
      ...["-CAkey", `${authority}.key`, "-CAcreateserial"],
      ...extensions.length > 0 ? section : [],
      ...request.more ?? ["-days", "99"],
      ...["-out", `${name}.crt`],
    );
    return this.pair(name);
  }

  /** Runs openssl in the folder; resolves to what it printed. */
  openssl(...args: readonly string[]): string {
    const { success, stdout, stderr } = new Deno.Command("openssl", {
      args: [...args],
      cwd: this.#folder,
      stdin: "null",
    }).outputSync();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    if (!success) throw new Error(`openssl ${args.join(" ")}: ${text(stderr)}`);
    return text(stdout);
  }

  /** The path of a file in the folder. */
  pathOf(name: string): string {
    return `${this.#folder}/${name}`;
  }

  /** The text of a file in the folder. */
  read(name: string): string {
    return Deno.readTextFileSync(this.pathOf(name));
  }

  /** A certificate and its key. */
  pair(name: string): TlsCertificate {
    return { cert: this.read(`${name}.crt`), key: this.read(`${name}.key`) };
  }

  /** Removes the folder. */
  [Symbol.dispose](): void {
    Deno.removeSync(this.#folder, { recursive: true });
  }
}
