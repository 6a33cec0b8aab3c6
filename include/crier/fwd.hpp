#ifndef CRIER_FWD_HPP
#define CRIER_FWD_HPP

namespace crier {

class connection;
class connection_visitor;
class frame;
class hooks;
struct message_view;
struct push_result;

struct tcp;
struct local;
struct text_line;
struct websocket;
struct uid_registry;
struct latest_only;

template <class... Components>
class server;
template <class... Components>
class push_server;

} // namespace crier

#endif
