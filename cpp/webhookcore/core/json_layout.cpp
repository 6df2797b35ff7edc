#include "webhookcore/core/json_layout.h"

namespace webhookcore {
namespace {

class Writer {
 public:
  explicit Writer(JsonLayout layout) : layout_(layout) {}

  void write(char token) {
    const bool closes = token == '}' || token == ']';
    if (closes && depth_ > 0) --depth_;
    if (opened_) {
      // Empty brackets stay closed up in every layout.
      if (!closes) break_line();
      opened_ = false;
    } else if (closes) {
      break_line();
    }
    out_.push_back(token);
    if (token == '{' || token == '[') {
      ++depth_;
      opened_ = true;
    } else if (token == ',') {
      if (layout_ == JsonLayout::spaced) out_.push_back(' ');
      break_line();
    } else if (token == ':' && layout_ != JsonLayout::compact) {
      out_.push_back(' ');
    }
  }

  void write_inside_string(char byte) { out_.push_back(byte); }

  std::string take() { return std::move(out_); }

 private:
  void break_line() {
    if (layout_ != JsonLayout::indented_2) return;
    out_.push_back('\n');
    // No honest body nests deeper; without a bound the output could grow as its square.
    out_.append(2 * (depth_ < 100 ? depth_ : 100), ' ');
  }

  JsonLayout layout_;
  std::string out_;
  std::size_t depth_ = 0;
  bool opened_ = false;
};

}  // namespace

std::string lay_out_json(std::string_view json, JsonLayout layout) {
  Writer writer(layout);
  bool in_string = false;
  bool escaped = false;
  for (const char byte : json) {
    if (in_string) {
      writer.write_inside_string(byte);
      in_string = escaped || byte != '"';
      escaped = !escaped && byte == '\\';
      continue;
    }
    if (byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n') continue;
    writer.write(byte);
    in_string = byte == '"';
  }
  return writer.take();
}

}  // namespace webhookcore
