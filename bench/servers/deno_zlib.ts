/** The role "zlib" with the streams of node:zlib, one piped into the other. */

import type { Transform } from "node:stream";
import {
  constants,
  createBrotliCompress,
  createBrotliDecompress,
  createGunzip,
  createGzip,
  createZstdCompress,
  createZstdDecompress,
} from "node:zlib";
import { type Format, LEVELS, serveJob } from "./zlib_job.ts";

const STREAMS: Record<Format, () => [compressor: Transform, decompressor: Transform]> = {
  gzip: () => [
    createGzip({ flush: constants.Z_SYNC_FLUSH, level: LEVELS.gzip }),
    createGunzip(),
  ],
  brotli: () => [
    createBrotliCompress({
      flush: constants.BROTLI_OPERATION_FLUSH,
      params: { [constants.BROTLI_PARAM_QUALITY]: LEVELS.brotli },
    }),
    createBrotliDecompress(),
  ],
  zstd: () => [
    createZstdCompress({
      flush: constants.ZSTD_e_flush,
      params: {
        [constants.ZSTD_c_compressionLevel]: LEVELS.zstd,
        [constants.ZSTD_c_checksumFlag]: 1,
      },
    }),
    createZstdDecompress(),
  ],
};

await serveJob(async (chunks, format) => {
  const [compressor, decompressor] = STREAMS[format]();
  const ended = Promise.withResolvers<void>();
  let bytes = 0;
  decompressor.on("data", (chunk: Uint8Array) => void (bytes += chunk.length));
  decompressor.on("end", ended.resolve);
  compressor.pipe(decompressor);
  for (const chunk of chunks) {
    if (compressor.write(chunk)) continue;
    await new Promise((resolve) => compressor.once("drain", resolve));
  }
  compressor.end();
  await ended.promise;
  return bytes;
});
