// What the analysers look at beside the programs: all headers, and a server of all that there is, so
// that templates have bodies. tests/checks/analyse.py puts an #include of each header in front.
#include <string>

int main()
{
    using namespace crier;
    using guard = every<allowed_origins, signed_ticket>;
    using newest = conflate_by<json_member<"job">>;
    using pusher = push_server<
        clients<tls, websocket_deflate<>, guard, newest>, clients<tcp, websocket, first_message>,
        clients<tcp, length_prefixed<>, drop_oldest>, clients<local, text_line, ask<>, drop_newest>,
        backend<local, text_line, peer_credentials>,
        backend<tcp, text_line, shared_secret, json_reply>, uid_registry, threads>;
    try {
        pusher s;
        s.run();
        s.push("uid", "message");
        s.broadcast("message");
    } catch (const std::exception&) {
        return 1;
    }
}
