/** What the descriptors of this process lead to, without those of the runtime that come and go. */
export function openDescriptors(): string[] {
  return [...Deno.readDirSync("/proc/self/fd")].flatMap(({ name }) => {
    try {
      return [Deno.readLinkSync(`/proc/self/fd/${name}`)];
    } catch {
      return [];
    }
  }).filter((name) => /^(socket|pipe)|\/dev\/pt|^\/tmp/.test(name)).sort();
}
