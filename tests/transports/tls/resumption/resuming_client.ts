import { pathOf } from "../../../support/certificates/certificates.ts";
import { outputOf } from "../../../support/peers/outside_peer.ts";

/** One connection of the client, after those before it. */
export interface Visit {
  /** The port, or the path of a Unix socket. */
  readonly to: number | string;
  /**
   * From now on it shows the certificate in the file of that name with `.crt`; its key is in
   * `.key`.
   */
  readonly shows?: string;
  /** Brings the session of the visit with this index. */
  readonly resumes?: number;
  /** Asks for TLS by a line first. */
  readonly upgrades?: boolean;
}

/** The events that the client saw. */
export interface Visited {
  /** The bytes that the server sent; empty if it refused the client. */
  readonly answer: string;
  /** Whether the session was resumed. */
  readonly resumed: boolean;
}

// It reads an answer before it keeps the session: with TLS 1.3 that comes after the handshake. A
// session of Python's belongs to a context, so there is one of these.
const CLIENT = `
import json, socket, ssl, sys
ca, version, visits = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
context = ssl.create_default_context(cafile=ca)
context.minimum_version = context.maximum_version = getattr(ssl.TLSVersion, version)
sessions = []
for visit in visits:
    to, resumed, answer, session = visit["to"], False, "", None
    plain = socket.socket(socket.AF_UNIX if isinstance(to, str) else socket.AF_INET)
    plain.connect(to if isinstance(to, str) else ("127.0.0.1", to))
    try:
        if visit.get("upgrades"):
            plain.sendall(b"STARTTLS\\n")
            assert plain.recv(3) == b"go\\n"
        if "shows" in visit:
            context.load_cert_chain(visit["shows"] + ".crt", visit["shows"] + ".key")
        earlier = sessions[visit["resumes"]] if "resumes" in visit else None
        with context.wrap_socket(plain, server_hostname="localhost", session=earlier) as secured:
            resumed = secured.session_reused
            answer = secured.recv(100).decode()
            session = secured.session
    except (ssl.SSLError, OSError):
        pass
    plain.close()
    sessions.append(session)
    print(json.dumps({"answer": answer, "resumed": resumed}))
`;

/** The files of the client's certificate, for {@linkcode Visit.shows}. */
export const CLIENT_FILES: string = pathOf("client");

/** Visits servers one after the other, as one client that keeps its sessions. */
export async function visit(
  version: "TLSv1_2" | "TLSv1_3",
  visits: readonly Visit[],
): Promise<readonly Visited[]> {
  const args = ["-c", CLIENT, pathOf("ca.crt"), version, JSON.stringify(visits)];
  const printed = await outputOf("python3", args);
  return printed.trim().split("\n").map((line) => JSON.parse(line));
}
