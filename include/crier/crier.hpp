#ifndef CRIER_CRIER_HPP
#define CRIER_CRIER_HPP

// Everything that needs no library beyond Boost's headers and the system.
#include <crier/codec/text_line.hpp>
#include <crier/codec/websocket.hpp>
#include <crier/concepts/codec.hpp>
#include <crier/concepts/registry.hpp>
#include <crier/concepts/transport.hpp>
#include <crier/connection.hpp>
#include <crier/hooks.hpp>
#include <crier/limits.hpp>
#include <crier/listener.hpp>
#include <crier/push_server.hpp>
#include <crier/registry/latest_only.hpp>
#include <crier/registry/uid_registry.hpp>
#include <crier/server.hpp>
#include <crier/transport/local.hpp>
#include <crier/transport/tcp.hpp>
#include <crier/version.hpp>

#endif
