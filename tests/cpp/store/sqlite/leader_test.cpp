// One object of one process delivers; the others take over when it is gone (S11).
#include <csignal>

#include "store/sqlite/fixture.h"

using namespace webhookcore;
using namespace webhookcore::samples;

TEST_CASE("of two stores on one file in one process one leads") {
  const TempFolder folder;
  const auto first = open_store(folder.file("a.db"));
  const auto second = open_store(folder.file("a.db"));
  CHECK(*first->lead());
  CHECK_FALSE(*second->lead());
  second->stop_leading();  // It is not its to stop.
  CHECK_FALSE(*second->lead());
  first->stop_leading();
  CHECK(*second->lead());
  second->close();
  CHECK(*first->lead());
}

TEST_CASE("a process that leads keeps others out until it is killed") {
  const TempFolder folder;
  const auto store = open_store(folder.file("a.db"));
  const Signal leads;
  const pid_t child = spawn([&] {
    if (!*store->lead()) return 1;
    leads.send();
    pause();
    return 0;
  });
  REQUIRE(leads.wait());
  CHECK_FALSE(*store->lead());
  CHECK(store->leader() == child);
  // What else it does with the file does not take the lock away: nothing opens the
  // lock file twice.
  REQUIRE(enqueue(*store, message("msg_1")));
  open_store(folder.file("a.db"))->close();
  CHECK_FALSE(*store->lead());
  REQUIRE(kill(child, SIGKILL) == 0);
  CHECK(wait_for(child) == -1);
  CHECK_FALSE(store->leader());
  CHECK(*store->lead());
}

TEST_CASE("a child does not lead because its parent does, and the parent goes on") {
  const TempFolder folder;
  const auto store = open_store(folder.file("a.db"));
  REQUIRE(*store->lead());
  const int code = wait_for(spawn([&] {
    const auto leading = store->lead();
    if (!leading || *leading) return 1;
    store->close();
    return 0;
  }));
  CHECK(code == 0);
  CHECK(wait_for(spawn([&] { return *open_store(folder.file("a.db"))->lead() ? 1 : 0; })) == 0);
  CHECK(*store->lead());
}
