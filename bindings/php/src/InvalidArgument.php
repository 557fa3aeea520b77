<?php
// The one exception of this package: an argument that a programmer can correct.

declare(strict_types=1);

namespace Witspan;

/** Says which argument is wrong, and what is accepted. Nothing of the call was kept. */
final class InvalidArgument extends \InvalidArgumentException
{
}
