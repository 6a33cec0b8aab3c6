#ifndef CRIER_DETAIL_INTRUSIVE_LIST_HPP
#define CRIER_DETAIL_INTRUSIVE_LIST_HPP

namespace crier::detail {

/// A link in a circular doubly linked list. Linked to itself when it is in none. The head of a list
/// is such a link too, so that taking out an element needs to know no list.
struct list_link
{
    list_link* next = this;
    list_link* previous = this;

    list_link() = default;
    list_link(const list_link&) = delete;
    list_link& operator=(const list_link&) = delete;
    ~list_link() { unlink(); }

    bool linked() const noexcept { return next != this; }

    void unlink() noexcept
    {
        next->previous = previous;
        previous->next = next;
        next = previous = this;
    }

    /// Puts this link at the end of the list with the given head, out of wherever it was.
    void link_last(list_link& head) noexcept
    {
        unlink();
        previous = head.previous;
        next = &head;
        previous->next = this;
        head.previous = this;
    }
};

} // namespace crier::detail

#endif
