using System.Runtime.InteropServices;

namespace KubeProxySharp.Conntrack.Netlink;

/// <summary>One instruction of a socket filter: struct sock_filter of linux/filter.h.</summary>
/// <param name="code">What it does.</param>
/// <param name="ifTrue">Instructions to skip when a comparison holds.</param>
/// <param name="ifFalse">Instructions to skip when it does not.</param>
/// <param name="operand">The constant.</param>
[StructLayout(LayoutKind.Sequential)]
public readonly struct FilterInstruction(ushort code, byte ifTrue, byte ifFalse, uint operand)
{
    /// <summary>What it does.</summary>
    public ushort Code { get; } = code;

    /// <summary>Instructions to skip when a comparison holds.</summary>
    public byte IfTrue { get; } = ifTrue;

    /// <summary>Instructions to skip when it does not.</summary>
    public byte IfFalse { get; } = ifFalse;

    /// <summary>The constant.</summary>
    public uint Operand { get; } = operand;
}
