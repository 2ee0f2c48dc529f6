/**
 * Counts the words of a text by a pipeline of four programs, as a shell would.
 *
 * It is `sort | uniq -c | sort -rn | head`. Data from one program to the next does not pass through
 * JavaScript. `head` leaves as soon as it has enough; that the ones before it are ended by SIGPIPE
 * then is no failure.
 *
 *     deno run --allow-run=sort,uniq,head --allow-env examples/pipeline.ts --count 3
 *     deno task example pipeline
 *
 * It needs `--allow-run=sort,uniq,head --allow-env`: Deno reads the environment where it joins
 * processes.
 *
 * @module
 */
import { pipeline } from "@sluice/net/streams";
import { readFlags, toCount } from "./_flags.ts";
import { runProgram } from "./_program.ts";

const TEXT = "the cat and the dog and the bird sat on the mat and sang";

await runProgram(async () => {
  const { text, count } = readFlags({
    text: [TEXT, "the words"],
    count: ["3", "how many of the commonest to print", toCount],
  });
  await using line = await pipeline(
    [["sort"], ["uniq", "-c"], ["sort", "-rn"], ["head", "-n", String(count)]],
    { stdin: "piped", stdout: "piped" },
  );
  line.stdin.write(text.split(/\s+/).map((word) => `${word}\n`).join(""));
  line.stdin.writeEof();
  for await (const found of line.stdout.lines()) console.log(found.trim());
  console.log(`exit codes: ${(await line.wait()).join(" ")}`);
});
