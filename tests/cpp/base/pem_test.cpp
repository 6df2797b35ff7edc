#include "webhookcore/base/pem.h"

#include "catch.h"

using namespace webhookcore;

namespace {

constexpr const char* kBlock = "-----BEGIN THING-----\nZm9v\nYmFy\n-----END THING-----\n";

std::string refusal(std::string_view text) {
  const auto blocks = read_pem(text);
  return blocks ? "" : blocks.error().detail;
}

}  // namespace

TEST_CASE("a PEM block is its label and its bytes, however its lines are broken") {
  for (const char* text :
       {kBlock, "-----BEGIN THING-----Zm9vYmFy-----END THING-----",
        "-----BEGIN THING----- Zm9v YmFy -----END THING-----",
        "-----BEGIN THING-----\r\nZm9vYm\r\n\tFy\r\n-----END THING-----\r\n\r\n",
        "Bag Attributes: none\n-----BEGIN THING-----\nZm9vYmFy\n-----END THING-----\n"}) {
    CAPTURE(text);
    const auto blocks = read_pem(text);
    REQUIRE(blocks.ok());
    REQUIRE(blocks->size() == 1);
    CHECK(blocks->front().label == "THING");
    CHECK(blocks->front().der.reveal() == "foobar");
  }
}

TEST_CASE("PEM blocks come in their order") {
  const auto blocks =
      read_pem(std::string(kBlock) + "\n \n-----BEGIN OTHER-----\nZg==\n-----END OTHER-----");
  REQUIRE(blocks.ok());
  REQUIRE(blocks->size() == 2);
  CHECK((*blocks)[0].label == "THING");
  CHECK((*blocks)[1].label == "OTHER");
  CHECK((*blocks)[1].der.reveal() == "f");
}

TEST_CASE("what is not PEM from its first dash to its last is refused") {
  const std::string block = kBlock;
  for (const std::string& text :
       {std::string(), std::string("Zm9vYmFy"), std::string("-----BEGIN"),
        std::string("-----BEGIN THING"), std::string("-----BEGIN THING-----"),
        std::string("-----BEGIN THING-----\nZm9v\n-----END OTHER-----"),
        std::string("-----BEGIN THING-----\nZm9v\n-----END THING----"),
        std::string("-----BEGIN THING-----\n-----END THING-----"),
        std::string("-----BEGIN THING-----\nZm9=\n-----END THING-----"),
        std::string("-----BEGIN THING-----\nZm9\n-----END THING-----"),
        std::string("-----BEGIN THING-----\nZm9v\\nYmFy\n-----END THING-----"),
        std::string("-----BEGIN THING-----\nZm9-\n-----END THING-----"), block + "x",
        block + "words\n" + block, block + "-----BEGIN ", block + '\0', block + block + "Zm9v"}) {
    CAPTURE(text);
    CHECK_FALSE(refusal(text).empty());
  }
}

TEST_CASE("header lines are refused as what they are, and no refusal shows the text") {
  CHECK(refusal("-----BEGIN THING-----\nProc-Type: 4,ENCRYPTED\n\nZm9v\n-----END THING-----")
            .find("encrypted") != std::string::npos);
  CHECK(refusal("-----BEGIN sesame-----\nsesame!\n-----END sesame-----").find("sesame") ==
        std::string::npos);
}
