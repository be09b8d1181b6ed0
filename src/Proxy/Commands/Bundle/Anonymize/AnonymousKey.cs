using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace KubeProxySharp.Proxy.Commands.Bundle.Anonymize;

/// <summary>
/// A keyed pseudo-random function (HMAC-SHA-256, RFC 2104). The key is made for one bundle and kept nowhere, so that names cannot be found
/// by trying them.
/// </summary>
/// <param name="key">The key.</param>
internal sealed class AnonymousKey(byte[] key)
{
    private const int KeyBytes = 32;
    private const string Lower = "abcdefghijklmnopqrstuvwxyz234567";

    /// <summary>A key of the system's random numbers.</summary>
    public static AnonymousKey Random() => new(RandomNumberGenerator.GetBytes(KeyBytes));

    /// <summary>Characters that stand for a text: of a to z and 2 to 7, the first one a letter.</summary>
    /// <param name="kind">What the text is; the same text of another kind gives other characters.</param>
    /// <param name="text">The text.</param>
    /// <param name="length">How many characters, at most 32.</param>
    public string Token(string kind, string text, int length = 8)
    {
        Span<byte> digest = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(key, Encoding.UTF8.GetBytes($"{kind}\0{text}"), digest);
        Span<char> token = stackalloc char[length];
        for (int index = 0; index < length; index++)
        {
            token[index] = Lower[index == 0 ? digest[0] % 26 : digest[index] & 31];
        }

        return new(token);
    }

    /// <summary>A bit that stands for the beginning of an address.</summary>
    /// <param name="width">32 or 128: the bits of an address.</param>
    /// <param name="length">How many bits the beginning has.</param>
    /// <param name="beginning">The beginning, its bits in the highest places of the width, and zeros.</param>
    public bool Bit(int width, int length, UInt128 beginning)
    {
        Span<byte> input = stackalloc byte[18];
        input[0] = (byte)width;
        input[1] = (byte)length;
        BinaryPrimitives.WriteUInt128BigEndian(input[2..], beginning);
        Span<byte> digest = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(key, input, digest);
        return (digest[0] & 1) != 0;
    }
}
