/** The treatment of a datagram for which the send queue has no room, see `sendPolicy`. */
export type SendPolicy = "wait" | "drop-oldest" | "drop-newest";

/** Which datagram is dropped when the receive queue has no room, see `receivePolicy`. */
export type ReceivePolicy = "drop-oldest" | "drop-newest";
