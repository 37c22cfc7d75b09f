// The policies that policy.c lists, each defined in the file of its name.
#ifndef DLT_AGENT_POLICIES_H
#define DLT_AGENT_POLICIES_H

#include "lib/agent/policy.h"

extern const struct policy_type POLICY_QLEARN, POLICY_RANDOM, POLICY_GREEDY; // qlearn.c
extern const struct policy_type POLICY_ROUND_ROBIN;                          // round_robin.c
extern const struct policy_type POLICY_FIXED, POLICY_MAP;                    // fixed.c

#endif
