/** A certificate and the key that belongs to it. */
export interface TlsCertificate {
  /** The certificate as PEM, followed by those between it and the authority's. */
  readonly cert: string;
  /** The private key as PEM. */
  readonly key: string;
}
