/**
 * The libraries from npm that the bridge is tested with: their versions are written here only. They
 * are loaded while a test runs, so that nothing else needs them.
 *
 * @module
 */

/** The versions, which docs/ecosystem.md names. */
export const VERSIONS = {
  "@hono/node-server": "2.1.9",
  "hono": "4.13.19",
  "ioredis": "6.0.0",
  "mqtt": "5.16.0",
  "mysql2": "3.24.6",
  "nodemailer": "10.6.1",
  "pg": "8.23.1",
  "ssh2": "1.17.0",
  "undici": "8.13.1",
  "ws": "8.23.0",
} as const;

/** A library. */
export type PackageName = keyof typeof VERSIONS;

/** A library that cannot be loaded: npm cannot be reached. */
export class PackageMissingError extends Error {}

/**
 * Loads a library.
 *
 * @typeParam T What of it is used.
 * @param name Its name.
 * @param path A module inside it.
 * @throws {PackageMissingError} If it is neither here nor to be had.
 */
export async function load<T>(name: PackageName, path: string = ""): Promise<T> {
  try {
    // Not as a literal, which would be loaded with the test.
    return await import(`npm:${name}@${VERSIONS[name]}${path}`);
  } catch (cause) {
    throw new PackageMissingError(`Cannot load ${name} ${VERSIONS[name]} from npm`, { cause });
  }
}
