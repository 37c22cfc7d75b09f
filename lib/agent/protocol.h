// The agent protocol: msgpack maps over a pipe between the trainer and the agent (FORMAT.md). Plain
// msgpack, one message after the other.
//
//   trainer                                                        agent
//   {"kind":"hello","protocol":1,"layers":L,"seed":S,"config":{}}
//       {"kind":"ready","protocol":1,"start":[L ints],"reward":bool,"save":bool}
//                                           and, if it likes, "policy":name, "loss_before":bool
//   {"kind":"restore","blob":bin}                                  (resumed runs only; no answer)
//   {"kind":"ask","episode":e,"layer":i,"state":[...]}
//       {"kind":"act","source":j,"info":{...}}
//   {"kind":"reward","episode":e,"layer":i,"state":[...],"perplexity":p,"loss":l,"loss_before":b}
//   {"kind":"episode","episode":e}
//   {"kind":"save"}
//       {"kind":"saved","blob":bin}
//   {"kind":"bye"}
//
// "reward" is sent only to an agent that asked for rewards; its state is the one after the action.
// "loss_before", the loss of the reward's batch before the training steps, costs another pass: unless
// the agent asked for it, it is the loss after them. Unknown fields are ignored on both sides. An agent speaks only
// when it is asked: what it says besides would be the answer to a question that was not put yet.
#ifndef DLT_AGENT_PROTOCOL_H
#define DLT_AGENT_PROTOCOL_H

enum {
    PROTOCOL_VERSION = 1,
    PROTOCOL_INFO_VALUES = 1 << 16, // keys and values of one "info", those within others counted
    PROTOCOL_INFO_BYTES = 1 << 20,  // of its strings and binaries together
};

#endif
