#include "http/body_reader.h"

#include <algorithm>
#include <utility>

namespace indrik::http {

void BodyReader::start(const HeadVerdict& verdict, std::size_t begin) {
  chunked_ = verdict.chunked;
  begin_ = end_ = begin;
  left_ = verdict.content_length;
  if (!chunked_) return;
  if (!chunks_) chunks_ = std::make_unique<ChunkDecoder>();
  *chunks_ = ChunkDecoder{begin};
}

void BodyReader::forget() {
  if (!std::exchange(chunked_, false)) return;
  *chunks_ = ChunkDecoder{};
}

BodyReader::State BodyReader::read(std::string& buffer, const Limits& limits) {
  if (!chunked_) {
    end_ = begin_ + std::min(left_, buffer.size() - begin_);
    return end_ - begin_ == left_ ? State::complete : State::incomplete;
  }
  switch (chunks_->decode(buffer, limits)) {
    case ChunkDecoder::State::complete:
      return State::complete;
    case ChunkDecoder::State::failed:
      return State::failed;
    case ChunkDecoder::State::incomplete:
      break;
  }
  return State::incomplete;
}

void BodyReader::drop(std::string& buffer) {
  if (chunked_) return chunks_->drop_body(buffer);
  buffer.erase(begin_, end_ - begin_);
  left_ -= end_ - begin_;
  end_ = begin_;
}

void BodyReader::move_down(std::size_t size) noexcept {
  begin_ -= size;
  end_ -= size;
  if (chunked_) chunks_->move_down(size);
}

}  // namespace indrik::http
