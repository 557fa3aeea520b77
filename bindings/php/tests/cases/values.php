<?php
// Values of PHP as JSON: whatever they are and whatever their code does, nothing is thrown.

declare(strict_types=1);

use Witspan\Internal\Writer;
use Witspan\LLMObs;
use Witspan\Recorder;
use Witspan\Span;

require dirname(__DIR__) . '/check.php';

enum Suit
{
    case Hearts;
}
enum Level: int
{
    case High = 3;
}
final class Point
{
    public int $x = 1;
    protected int $y = 2;
    private int $z = 3;
    public readonly string $unset;
    public mixed $self = null;
}
final class Hidden
{
    private int $secret = 1;
}
final class Named implements Stringable
{
    public function __toString(): string
    {
        return 'named';
    }
}
final class Stream
{
    public function eof(): bool
    {
        return false;
    }

    public function __toString(): string
    {
        throw new Exception('a stream was read');
    }
}
final class Says implements JsonSerializable
{
    public function __construct(private readonly Closure $says)
    {
    }

    public function jsonSerialize(): mixed
    {
        return ($this->says)($this);
    }
}

$cycle = new stdClass();
$cycle->self = $cycle;
$array = [1];
$array[] = &$array;
$closed = fopen('php://memory', 'r');
fclose($closed);
$generator = (function () {
    yield 1;
})();
$queue = new SplQueue();
$queue[] = 'q';
$point = new Point();
$point->self = [$point];

$forms = [
    'text' => ['Grüße "\\/' . "\n\0", "\"Grüße \\\"\\\\/\\n\\u0000\""],
    'invalid UTF-8' => ["a\xFFb", "\"a\xFFb\""],
    'a lone surrogate' => ["\u{D800}x", '"\ud800x"'],
    'numbers' => [[1, 1.5, 1e300, PHP_INT_MIN], '[1,1.5,1.0e+300,-9223372036854775808]'],
    'not finite' => [[NAN, INF, -INF], '[NaN,Infinity,-Infinity]'],
    'words' => [[true, false, null], '[true,false,null]'],
    'lists and maps' => [[[], ['a' => 1], [1 => 'x'], new stdClass()], '[[],{"a":1},{"1":"x"},{}]'],
    'public properties' => [new Point(), '{"x":1,"self":null}'],
    'a class that shows nothing' => [new Hidden(), '"[object Hidden]"'],
    'an object of its own text' => [new Named(), '"named"'],
    'a stream is not read' => [new Stream(), '"[object Stream]"'],
    'cycles' => [[$cycle, $point], '[{"self":"[cyclic reference]"},{"x":1,"self":["[cyclic reference]"]}]'],
    'an object twice' => [[$queue, $queue], '[["q"],["q"]]'],
    'JsonSerializable' => [new Says(fn () => ['a' => new Says(fn () => 1)]), '{"a":1}'],
    'one that throws' => [[new Says(fn () => throw new Error('no')), 2], '["[unserializable]",2]'],
    'one that gives itself' => [new Says(fn ($self) => $self), '"[object Says]"'],
    'one that gives ever more' => [new Says(fn ($self) => clone $self), null],
    'enumerations' => [[Suit::Hearts, Level::High], '["Hearts",3]'],
    'dates' => [
        [new DateTime('2026-01-02T03:04:05Z'), new DateTimeImmutable('2026-01-02T03:04:05.25+01:00')],
        '["2026-01-02T03:04:05+00:00","2026-01-02T03:04:05.250000+01:00"]',
    ],
    'intervals and zones' => [
        [new DateInterval('P1DT2H'), new DateTimeZone('Europe/Vienna')],
        '["P0Y0M1DT2H0M0S","Europe/Vienna"]',
    ],
    'errors' => [
        new LogicException('a', 5, new Exception('b')),
        '{"class":"LogicException","message":"a","code":5,"previous":{"class":"Exception","message":"b","code":0}}',
    ],
    'collections' => [
        [new ArrayObject(['a' => 1]), SplFixedArray::fromArray([1]), new ArrayIterator([2])],
        '[{"a":1},[1],[2]]',
    ],
    'what waits' => [
        [fn () => 1, $generator, new Fiber(fn () => 1), 'strlen'],
        '["[object Closure]","[object Generator]","[object Fiber]","strlen"]',
    ],
    'resources' => [[STDIN, $closed], '["[resource stream]","[closed resource]"]'],
    'anonymous classes' => [new class () {
    }, '"[object class@anonymous]"'],
    'weak things' => [WeakReference::create($cycle), '"[object WeakReference]"'],
];
if (extension_loaded('gmp')) {
    $forms['long integers'] = [gmp_pow(10, 20), '1' . str_repeat('0', 20)];
    $forms['too long integers'] = [gmp_pow(10, 5000), '"[integer too large]"'];
}
foreach ($forms as $name => [$value, $json]) {
    test($name, function () use ($value, $json): void {
        $said = (new Writer())->json($value);
        if ($json !== null) {
            same($said, $json);
        }
    });
}
test('a generator was not read', fn () => same($generator->current(), 1));

test('arrays that hold themselves end', function () use ($array): void {
    same(strlen((new Writer())->json($array)) < 1000, true);
});

test('32 levels of objects, lists and what says itself are written', function (): void {
    foreach ([fn ($in) => (object) ['a' => $in], fn ($in) => [$in], fn ($in) => new Says(fn () => [$in])] as $around) {
        $deep = 'bottom';
        for ($at = 0; $at < 32; $at++) {
            $deep = $around($deep);
        }
        same(str_contains((new Writer())->json($deep), 'bottom'), true);
    }
});

test('plain arrays are written as all others', function (): void {
    foreach ($GLOBALS['forms'] as [$value]) {
        $plain = (new Writer())->members(['a' => [1, 'x"' => [true, null, []]], 'b' => null, 5 => 1.5]);
        same($plain, '{"a":{"0":1,"x\"":[true,null,[]]},"5":1.5}');
        same((new Writer())->members(['a' => $value]), '{"a":' . (new Writer())->json($value) . '}');
    }
    same((new Writer())->members([]), '{}');
});

test('what is too deep, too much and too long is bounded', function () use ($array): void {
    $deep = [];
    for ($at = 0; $at < 10_000; $at++) {
        $deep = [$deep];
    }
    $wide = [];
    $wide[] = &$wide;
    $wide[] = &$wide;
    $wide['text'] = str_repeat('x', 1000);
    $start = hrtime(true);
    foreach ([$deep, $wide, str_repeat("\u{20AC}", 10_000_000), array_fill(0, 3_000_000, 0)] as $value) {
        same(strlen((new Writer())->json($value)) < 6_000_000, true);
    }
    same((hrtime(true) - $start) / 1e9 < 30, true);
    $cut = (new Writer())->json(str_repeat("\u{20AC}", 10_000_000));
    same([str_ends_with($cut, '[cut]"'), json_decode($cut) !== null], [true, true]);
});

test('members share the room', function (): void {
    $text = str_repeat('x', 6_000_000);
    same(strlen((new Writer())->members(['a' => $text, 'b' => $text, 'c' => $text, 'd' => null])) < 8_000_000, true);
});

test('a span takes all of it', function (Recorder $recorder) use ($forms): void {
    LLMObs::task('all', fn (Span $span) => $span->annotate(
        input: array_map(fn ($form) => $form[0], $forms),
        metadata: ["bad \xFF key" => NAN],
        tags: [5 => 1.5, 'enum' => Suit::Hearts],
    ));
    $span = $recorder->span('all');
    same([$span->metadata["bad \u{FFFD} key"], $span->tags['5'], $span->tags['enum']], ['NaN', '1.5', 'Hearts']);
});

test('names and models are any bytes', function (Recorder $recorder): void {
    LLMObs::llm("na\xFFme", fn () => null, model: "m\0");
    same($recorder->spans()[0]->name, "na\u{FFFD}me");
    same($recorder->spans()[0]->modelName, "m\0");
});
