#include <crier/detail/intrusive_list.hpp>

#include <boost/test/unit_test.hpp>

#include <memory>
#include <string>

using crier::detail::list_link;

namespace {

struct element : list_link
{
    explicit element(char c) : name(c) {}
    char name;
};

/// The elements' names, read in both directions: "abc cba".
std::string names(const list_link& head)
{
    std::string forwards, backwards;
    for (const list_link* link = head.next; link != &head; link = link->next)
        forwards += static_cast<const element*>(link)->name;
    for (const list_link* link = head.previous; link != &head; link = link->previous)
        backwards += static_cast<const element*>(link)->name;
    return forwards + ' ' + backwards;
}

} // namespace

BOOST_AUTO_TEST_SUITE(intrusive_list)

BOOST_AUTO_TEST_CASE(a_new_link_is_in_no_list)
{
    const list_link link;
    BOOST_TEST(!link.linked());
}

BOOST_AUTO_TEST_CASE(elements_stand_in_the_order_in_which_they_were_linked)
{
    list_link head;
    element a('a'), b('b'), c('c');
    BOOST_TEST(names(head) == " ");
    a.link_last(head);
    BOOST_TEST(names(head) == "a a");
    b.link_last(head);
    c.link_last(head);
    BOOST_TEST(names(head) == "abc cba");
    BOOST_TEST(head.linked());
    BOOST_TEST(b.linked());
}

BOOST_AUTO_TEST_CASE(an_element_can_be_taken_out_of_any_place)
{
    for (const char* expected : {"bc cb", "ac ca", "ab ba"}) {
        list_link head;
        element a('a'), b('b'), c('c');
        for (element* e : {&a, &b, &c})
            e->link_last(head);
        for (element* e : {&a, &b, &c})
            if (std::string(expected).find(e->name) == std::string::npos) {
                e->unlink();
                BOOST_TEST(!e->linked());
            }
        BOOST_TEST(names(head) == expected);
    }
}

BOOST_AUTO_TEST_CASE(taking_out_the_last_element_leaves_an_empty_list)
{
    list_link head;
    element a('a');
    a.link_last(head);
    a.unlink();
    BOOST_TEST(!head.linked());
    BOOST_TEST(names(head) == " ");
}

BOOST_AUTO_TEST_CASE(taking_out_what_is_in_no_list_does_nothing)
{
    element a('a');
    a.unlink();
    a.unlink();
    BOOST_TEST(!a.linked());
}

BOOST_AUTO_TEST_CASE(linking_again_moves_to_the_end)
{
    list_link head;
    element a('a'), b('b'), c('c');
    for (element* e : {&a, &b, &c})
        e->link_last(head);
    a.link_last(head);
    BOOST_TEST(names(head) == "bca acb");
    a.link_last(head);
    BOOST_TEST(names(head) == "bca acb");
    for (element* e : {&b, &c})
        e->unlink();
    a.link_last(head); // the only one
    BOOST_TEST(names(head) == "a a");
}

BOOST_AUTO_TEST_CASE(linking_to_another_list_leaves_the_first_one)
{
    list_link one, other;
    element a('a'), b('b');
    a.link_last(one);
    b.link_last(one);
    a.link_last(other);
    BOOST_TEST(names(one) == "b b");
    BOOST_TEST(names(other) == "a a");
}

BOOST_AUTO_TEST_CASE(an_element_that_is_destroyed_leaves_its_list)
{
    list_link head;
    element a('a');
    a.link_last(head);
    {
        element b('b');
        b.link_last(head);
        BOOST_TEST(names(head) == "ab ba");
    }
    BOOST_TEST(names(head) == "a a");
}

BOOST_AUTO_TEST_CASE(elements_may_outlive_their_list)
{
    auto head = std::make_unique<list_link>();
    element a('a'), b('b');
    a.link_last(*head);
    b.link_last(*head);
    head.reset();
    a.unlink(); // touches nothing of the head: the address sanitizer would see it
    b.unlink();
    BOOST_TEST(!a.linked());
    BOOST_TEST(!b.linked());
}

BOOST_AUTO_TEST_SUITE_END()
