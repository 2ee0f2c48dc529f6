import { assertEquals } from "@std/assert";
import { Deque } from "../../../examples/redis/deque.ts";
import { Random } from "../../../testing/conformance/random.ts";

Deno.test("Deque behaves as an array does, for random operations", () => {
  for (let seed = 1; seed <= 100; seed++) {
    const random = new Random(seed);
    const deque = new Deque<number>();
    const plain: number[] = [];
    for (let i = 0; i < 200; i++) {
      const index = random.below(30) - 15;
      switch (random.below(7)) {
        case 0:
        case 1:
          deque.push(i);
          plain.push(i);
          break;
        case 2:
        case 3:
          deque.unshift(i);
          plain.unshift(i);
          break;
        case 4:
          assertEquals(deque.shift(), plain.shift());
          break;
        case 5:
          assertEquals(deque.pop(), plain.pop());
          break;
        case 6:
          if (deque.set(index, i)) plain[index < 0 ? plain.length + index : index] = i;
      }
      assertEquals(deque.at(index), plain.at(index), `seed ${seed}`);
      assertEquals(deque.length, plain.length);
    }
    assertEquals([...deque], plain, `seed ${seed}`);
  }
});
