#ifndef CRIER_SRC_HPP
#define CRIER_SRC_HPP

// For programs that define CRIER_SEPARATE_COMPILATION: include this in exactly one source file.
#if !defined(CRIER_SEPARATE_COMPILATION)
#error "<crier/src.hpp> is for programs compiled with CRIER_SEPARATE_COMPILATION defined"
#endif

#include <crier/impl/accept_key.ipp>
#include <crier/impl/command.ipp>
#include <crier/impl/descriptor_stream.ipp>
#include <crier/impl/doorbell.ipp>
#include <crier/impl/drainer.ipp>
#include <crier/impl/error.ipp>
#include <crier/impl/gate.ipp>
#include <crier/impl/opening.ipp>
#include <crier/impl/poller.ipp>
#include <crier/impl/session_base.ipp>
#include <crier/impl/shard.ipp>
#include <crier/impl/timer.ipp>
#include <crier/impl/websocket.ipp>

#endif
