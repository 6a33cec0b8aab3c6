// expect: a listener has one overflow policy
#include <crier/codec/websocket.hpp>
#include <crier/listener.hpp>
#include <crier/overflow/conflate_by.hpp>
#include <crier/overflow/drop_oldest.hpp>
#include <crier/overflow/json_member.hpp>
#include <crier/transport/tcp.hpp>

using by_job = crier::json_member<"job">;

#ifdef CRIER_MISTAKE
using pages =
    crier::clients<crier::tcp, crier::websocket, crier::conflate_by<by_job>, crier::drop_oldest>;
#else
using pages =
    crier::clients<crier::tcp, crier::websocket, crier::conflate_by<by_job, crier::drop_oldest>>;
#endif
pages listener;
