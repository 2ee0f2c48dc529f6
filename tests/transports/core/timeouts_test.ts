import { assertThrows } from "@std/assert";
import { checkTimeout } from "../../../transports/core/timeouts.ts";

Deno.test("checkTimeout() takes what is above zero, and nothing at all", () => {
  for (const fine of [undefined, 1, 0.5, Infinity]) checkTimeout("connectTimeout", fine);
});

Deno.test("checkTimeout() throws RangeError with the name and the value", () => {
  for (const wrong of [0, -1, NaN]) {
    assertThrows(
      () => checkTimeout("connectTimeout", wrong),
      RangeError,
      `Cannot set: connectTimeout ${wrong} is not a time above 0 ms`,
    );
  }
});
