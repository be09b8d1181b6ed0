using System.Buffers.Text;
using System.Text;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Collections;

namespace KubeProxySharp.Renderers.Nftables.Reading;

/// <summary>Adds elements of the simplest form to a set or map, straight from a listing.</summary>
/// <param name="key">The parts of its key.</param>
internal abstract class BulkElementReader(EquatableArray<KeyPart> key)
{
    private const int LongestKey = 4 * 48;

    /// <summary>Adds an element; false if it does not fit the set or map.</summary>
    public abstract bool TryAdd(ref NftPlainElement element);

    /// <summary>The text of a key, the same as that of <see cref="NftElements.Key"/>.</summary>
    protected string Key(ref NftPlainElement element)
    {
        Span<char> text = stackalloc char[LongestKey];
        int length = 0;
        for (int index = 0; index < element.KeyLength; index++)
        {
            ReadOnlySpan<byte> part = element.Part(index);
            bool isProtocol = index < key.Length && key[index].Field == PacketField.Protocol;
            if (part.Length > LongestKey / 4 - 3)
            {
                return NftElements.Key(Tree(ref element), key);
            }

            if (index > 0)
            {
                " . ".CopyTo(text[length..]);
                length += 3;
            }

            if (isProtocol || part.Contains((byte)':'))
            {
                string value = Encoding.ASCII.GetString(part);
                value = isProtocol ? NftElements.Protocol(value) : IpAddress.TryParse(part, out IpAddress address) ? address.ToString() : value;
                value.CopyTo(text[length..]);
                length += value.Length;
            }
            else
            {
                length += Encoding.ASCII.GetChars(part, text[length..]);
            }
        }

        return new string(text[..length]);
    }

    private static NftExpression Tree(ref NftPlainElement element)
    {
        NftExpression[] parts = new NftExpression[element.KeyLength];
        for (int index = 0; index < parts.Length; index++)
        {
            parts[index] = new NftExpression.Word(Encoding.ASCII.GetString(element.Part(index)));
        }

        return parts.Length == 1 ? parts[0] : new NftExpression.Concatenation(parts);
    }

    public sealed class OfSet(EquatableArray<KeyPart> key, ElementSet set) : BulkElementReader(key)
    {
        public override bool TryAdd(ref NftPlainElement element)
        {
            set.Add(Key(ref element));
            return element.Verdict.IsEmpty && element.Address.IsEmpty;
        }
    }

    public sealed class OfTargets(EquatableArray<KeyPart> key, TargetMap map) : BulkElementReader(key)
    {
        public override bool TryAdd(ref NftPlainElement element)
        {
            if (!IpAddress.TryParse(element.Address, out IpAddress address)
                || !Utf8Parser.TryParse(element.Port, out ushort port, out int length)
                || length != element.Port.Length)
            {
                return false;
            }

            map.Add(Key(ref element), new EndpointAddress(address, port));
            return true;
        }
    }

    public sealed class OfVerdicts(EquatableArray<KeyPart> key, VerdictMap map) : BulkElementReader(key)
    {
        private static readonly RuleStep s_accept = new RuleStep.Verdict(WalkVerdict.Accept);
        private static readonly RuleStep s_drop = new RuleStep.Verdict(WalkVerdict.Drop);
        private static readonly RuleStep s_return = new RuleStep.Verdict(WalkVerdict.Return);

        /// <summary>The jump of the previous element, as many elements jump to the same chain.</summary>
        private RuleStep.Jump? _jump;

        public override bool TryAdd(ref NftPlainElement element)
        {
            RuleStep? step = element.Verdict switch
            {
                _ when element.Verdict.SequenceEqual("goto"u8) => Jump(element.Chain, isGoto: true),
                _ when element.Verdict.SequenceEqual("jump"u8) => Jump(element.Chain, isGoto: false),
                _ when element.Verdict.SequenceEqual("drop"u8) => s_drop,
                _ when element.Verdict.SequenceEqual("accept"u8) => s_accept,
                _ when element.Verdict.SequenceEqual("return"u8) => s_return,
                _ => null,
            };
            if (step is null)
            {
                return false;
            }

            map.Add(Key(ref element), step);
            return true;
        }

        private RuleStep.Jump Jump(ReadOnlySpan<byte> chain, bool isGoto)
        {
            if (_jump is null || _jump.IsGoto != isGoto || !Ascii.Equals(chain, _jump.Chain))
            {
                _jump = new RuleStep.Jump(Encoding.UTF8.GetString(chain), isGoto);
            }

            return _jump;
        }
    }
}
