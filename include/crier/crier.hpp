#ifndef CRIER_CRIER_HPP
#define CRIER_CRIER_HPP

// Everything that needs no library beyond Boost's headers and the system.
#include <crier/authenticator/allowed_origins.hpp>
#include <crier/authenticator/anyone.hpp>
#include <crier/authenticator/ask.hpp>
#include <crier/authenticator/every.hpp>
#include <crier/authenticator/first_message.hpp>
#include <crier/authenticator/peer_credentials.hpp>
#include <crier/authenticator/shared_secret.hpp>
#include <crier/codec/length_prefixed.hpp>
#include <crier/codec/text_line.hpp>
#include <crier/codec/websocket.hpp>
#include <crier/concepts/authenticator.hpp>
#include <crier/concepts/codec.hpp>
#include <crier/concepts/overflow.hpp>
#include <crier/concepts/registry.hpp>
#include <crier/concepts/reply.hpp>
#include <crier/concepts/transport.hpp>
#include <crier/connection.hpp>
#include <crier/counters.hpp>
#include <crier/hooks.hpp>
#include <crier/limits.hpp>
#include <crier/listener.hpp>
#include <crier/observer.hpp>
#include <crier/overflow/close_slow.hpp>
#include <crier/overflow/conflate_by.hpp>
#include <crier/overflow/drop_newest.hpp>
#include <crier/overflow/drop_oldest.hpp>
#include <crier/overflow/json_member.hpp>
#include <crier/printable.hpp>
#include <crier/push_server.hpp>
#include <crier/receivers.hpp>
#include <crier/registry/first_only.hpp>
#include <crier/registry/latest_only.hpp>
#include <crier/registry/uid_registry.hpp>
#include <crier/reply/json_reply.hpp>
#include <crier/reply/ok_fail.hpp>
#include <crier/server.hpp>
#include <crier/threads.hpp>
#include <crier/time_slice.hpp>
#include <crier/transport/local.hpp>
#include <crier/transport/tcp.hpp>
#include <crier/version.hpp>

#endif
