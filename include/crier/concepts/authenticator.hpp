#ifndef CRIER_CONCEPTS_AUTHENTICATOR_HPP
#define CRIER_CONCEPTS_AUTHENTICATOR_HPP

#include <crier/detail/member_names.hpp>
#include <crier/message.hpp>

#include <concepts>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

namespace crier {
// clang-format 14 knows no requires expressions:
// clang-format off

class connection;
class opening_request;

/// What an authenticator has found about a connection.
class verdict
{
public:
    enum kind_type : unsigned char {
        kind_undecided, ///< nothing against it: ask again at the next occasion
        kind_accepted,  ///< this is who it is
        kind_refused,   ///< it must go
        kind_later,     ///< the answer comes through question::answer_later
    };

    /// Nothing against it so far: asked again at the next occasion. After the first message there is
    /// none: then it is refused.
    static verdict undecided() { return verdict(kind_undecided, {}); }

    /// A client is registered under this name, its uid, which is checked as any other uid is; all
    /// that it says afterwards goes to hooks::on_message. For a back end the name means nothing but
    /// is what connection::uid() says.
    static verdict accept(std::string name = {}) { return verdict(kind_accepted, std::move(name)); }

    /// Ends the connection: with 403 and the reason as its text in the opening handshake, later with
    /// 1008 and the reason, of which 123 bytes are sent; where the codec has no close codes, with
    /// nothing but the end of the stream. The reason is for the peer to read.
    static verdict refuse(std::string reason = "not authorized")
    {
        return verdict(kind_refused, std::move(reason));
    }

    /// The answer comes through a pending_verdict. Until then nothing is read from the connection.
    static verdict later() { return verdict(kind_later, {}); }

    kind_type kind() const noexcept { return kind_; }

    /// The name or the reason.
    std::string& text() noexcept { return text_; }

private:
    verdict(kind_type kind, std::string text) : kind_(kind), text_(std::move(text)) {}

    kind_type kind_;
    std::string text_;
};

namespace detail {

/// Where verdicts arrive that were not given at once. Thread safety: any thread.
class verdict_sink
{
public:
    virtual ~verdict_sink() = default;
    virtual void answer(std::uint64_t connection_id, std::uint64_t question, verdict v) = 0;
};

} // namespace detail

/// How an authenticator that needs time says what it found.
///
/// Thread safety: it may be called from any thread, and any copy of it. Lifetime: it may outlive the
/// connection and the server; then a call does nothing. A connection that gets no answer ends by its
/// listener's handshake_timeout or uid_timeout.
class pending_verdict
{
public:
    pending_verdict(std::shared_ptr<detail::verdict_sink> sink, std::uint64_t connection_id,
                    std::uint64_t question) noexcept
        : sink_(std::move(sink)), connection_id_(connection_id), question_(question)
    {}

    /// The first call for a question counts. undecided() means that the next occasion decides;
    /// later() is refused.
    void operator()(verdict v) const { sink_->answer(connection_id_, question_, std::move(v)); }

private:
    std::shared_ptr<detail::verdict_sink> sink_;
    std::uint64_t connection_id_;
    std::uint64_t question_;
};

/// What an authenticator is asked: who is this?
///
/// Lifetime: of one call of judge; what must be kept for later is to be copied.
class question
{
public:
    /// When it is asked, in this order, until it has decided.
    enum occasion_type : unsigned char {
        connected,     ///< the transport is ready, nothing was read: peer_credentials() may tell
        opening,       ///< request() asks to become a WebSocket connection; not for other codecs
        first_message, ///< message() is the first one
    };

    question(occasion_type when, const crier::connection& peer, const opening_request* request,
             message_view message, std::uint64_t number,
             std::shared_ptr<detail::verdict_sink> (*sink)(void*), void* context)
        : when_(when), peer_(peer), request_(request), message_(message), number_(number),
          sink_(sink), context_(context)
    {}

    occasion_type occasion() const noexcept { return when_; }

    const crier::connection& peer() const noexcept { return peer_; }

    /// The opening request. Precondition: occasion() is opening.
    const opening_request& request() const noexcept { return *request_; }

    /// The first message; empty before there is one.
    message_view message() const noexcept { return message_; }

    /// For an answer that takes time: keep the result, return verdict::later(), and call it.
    pending_verdict answer_later() const;

private:
    occasion_type when_;
    const crier::connection& peer_;
    const opening_request* request_;
    message_view message_;
    std::uint64_t number_; // of all that the authenticator was asked
    std::shared_ptr<detail::verdict_sink> (*sink_)(void*);
    void* context_;
};

/// The authenticator is a copyable type whose members are its options.
template <class Authenticator>
concept authenticator_is_policy = std::copyable<Authenticator>;

/// `verdict judge(const question&)`.
template <class Authenticator>
concept authenticator_judges = requires(Authenticator& a, const question& q) {
    { a.judge(q) } -> std::same_as<verdict>;
};

/// Optional: `bool admits_all() const`: true if it lets everybody in, whoever that is. A backend<> with
/// such a one does not listen where other machines reach it, unless it is told to.
template <class Authenticator>
concept authenticator_admits_all = requires(const Authenticator& a) {
    { a.admits_all() } -> std::same_as<bool>;
};

namespace detail {

/// One whose signature is another would be ignored, and the port be open to all.
template <class Authenticator>
concept means_to_admit_all =
    requires { requires of_function<decltype(&Authenticator::admits_all)>; };

} // namespace detail

/// Who is at the other end, and may it stay? Guards a listener: `clients<tcp, websocket, mine>`,
/// `backend<tcp, text_line, mine>`.
///
/// It is asked up to three times, see question::occasion_type. An exception that leaves judge ends the
/// connection (1011). The one of clients<> is first_message unless another is given, that of backend<>
/// is anyone. To combine several, see every<>.
///
/// Thread safety: called on the thread that runs the server, one at a time; with crier::threads each
/// thread has a copy and calls it one at a time.
template <class Authenticator>
concept authenticator =
    authenticator_is_policy<Authenticator> && authenticator_judges<Authenticator>;

/// The least that is an authenticator: it knows one word.
struct authenticator_archetype
{
    std::string password = "sesame";

    verdict judge(const question& q)
    {
        if (q.occasion() != question::first_message)
            return verdict::undecided();
        return q.message().data == password ? verdict::accept("ali") : verdict::refuse();
    }
};

static_assert(authenticator<authenticator_archetype>);

/// Says what is missing, one sentence each:
/// `static_assert(crier::check_authenticator<my_authenticator>());`
template <class Authenticator>
consteval bool check_authenticator()
{
    static_assert(authenticator_is_policy<Authenticator>,
                  "an authenticator is copyable: an aggregate whose members are its options, pointers "
                  "and not references to what it shares "
                  "(see authenticator_archetype in crier/concepts/authenticator.hpp)");
    static_assert(authenticator_judges<Authenticator>,
                  "an authenticator has `crier::verdict judge(const crier::question&)`, public "
                  "(crier/concepts/authenticator.hpp)");
    static_assert(authenticator_admits_all<Authenticator> ||
                      !detail::means_to_admit_all<Authenticator>,
                  "an authenticator that may let everybody in has `bool admits_all() const` "
                  "(crier/concepts/authenticator.hpp)");
    return authenticator<Authenticator>;
}

// clang-format on
} // namespace crier

#endif
