// What the core shows of itself, at one moment.
#include "worker.hpp"

namespace umtn::plugin {

CoreView Core::Worker::view() const {
  CoreView view;
  view.transport = region_.transport();
  view.region_source = region_.source();
  view.region = region_.current();
  view.connection = client_.connection();
  view.capture = capture_.report();
  view.captured = capture_.timeline().clips();
  view.preview = previews_.current();
  view.bounce_waits = player_.waiting();
  board_.look([&](const Board::Content& content) {
    view.takes = content.takes.all();
    view.soloed = content.takes.soloed();
    view.session_folder = content.session_folder;
    view.missing = content.missing;
    view.message = content.message;
    view.undo = content.history.undo_name();
    view.redo = content.history.redo_name();
    view.disk = content.disk;
  });
  return view;
}

Material Core::Worker::material() const {
  std::vector<Place> places;
  Material material;
  material.captured = capture_.timeline();
  for (const Clip& clip : material.captured.clips())
    places.push_back(clip.place);
  board_.look([&](const Board::Content& content) {
    for (const Take& take : content.takes.all())
      if (take.state == TakeState::done && content.takes.audible(take))
        places.push_back(take.place);
  });
  return stretch(std::move(material), places, region_.current());
}

} // namespace umtn::plugin
